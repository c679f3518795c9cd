//! The functions that the browser module exports. `crates/web/src/pages/admin/console.rs` loads the
//! module and calls them.

use js_sys::Object;
use latchkey_console::Mounted;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::HtmlElement;

/// The console in a page.
#[wasm_bindgen]
pub struct Console(Mounted);

/// Mounts the console in an element, at the path and query `url`. `host` is the object that
/// `crates/web/src/pages/admin/host.rs` creates.
#[wasm_bindgen]
pub fn mount(element: HtmlElement, host: Object, url: String) -> Console {
    Console(latchkey_console::mount(element, host, url))
}

#[wasm_bindgen]
impl Console {
    /// Shows the page at this path and query.
    #[wasm_bindgen(js_name = setUrl)]
    pub fn set_url(&self, url: String) {
        self.0.set_url(url);
    }

    /// Removes the console from the page.
    pub fn unmount(self) {
        drop(self.0);
    }
}

fn main() {}
