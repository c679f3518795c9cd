//! Loads the module of the console and mounts it. `crates/console/src/main.rs` exports the functions
//! that are called here.

use js_sys::{Function, Object, Promise, Reflect};
use leptos::prelude::document;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlElement, HtmlLinkElement};

use super::host::Host;

/// Loads the style sheet and the module. The paths are in [`PageData`](crate::PageData). The browser
/// loads each file once per document.
pub(super) async fn load(files: &[String]) -> Result<JsValue, JsValue> {
    let [script, module, style_sheet] = files else {
        return Err(JsValue::UNDEFINED);
    };
    let style_sheet = load_style_sheet(style_sheet)?;
    // `start.js` defines this function.
    let import = function(&js_sys::global(), "latchkeyImport")?;
    let loaded = import.call1(&JsValue::UNDEFINED, &script.as_str().into())?;
    let loaded = JsFuture::from(Promise::from(loaded)).await?;
    let options = Object::new();
    Reflect::set(&options, &"module_or_path".into(), &module.as_str().into())?;
    let started = function(&loaded, "default")?.call1(&JsValue::UNDEFINED, &options)?;
    JsFuture::from(Promise::from(started)).await?;
    if let Some(style_sheet) = style_sheet {
        JsFuture::from(style_sheet).await?;
    }
    Ok(loaded)
}

/// Adds the style sheet to the document and returns a promise that resolves when it has loaded; `None`
/// if the document already has it.
fn load_style_sheet(path: &str) -> Result<Option<Promise>, JsValue> {
    const ID: &str = "console-styles";

    if document().get_element_by_id(ID).is_some() {
        return Ok(None);
    }
    let link: HtmlLinkElement = document().create_element("link")?.unchecked_into();
    link.set_id(ID);
    link.set_rel("stylesheet");
    link.set_href(path);
    let loaded = Promise::new(&mut |resolve, reject| {
        link.set_onload(Some(&resolve));
        link.set_onerror(Some(&reject));
    });
    if let Some(head) = document().head() {
        head.append_child(&link)?;
    }
    Ok(Some(loaded))
}

/// The mounted console. Dropping it removes the console from the page.
pub(super) struct Console {
    handle: JsValue,
    /// The functions that the console calls, which must live as long as it does.
    _host: Host,
}

impl Console {
    /// Mounts the console in an element, at a URL.
    pub(super) fn mount(
        module: &JsValue,
        place: &HtmlElement,
        host: Host,
        url: &str,
    ) -> Result<Self, JsValue> {
        let mount = function(module, "mount")?;
        let handle = mount.call3(&JsValue::UNDEFINED, place, host.object(), &url.into())?;
        Ok(Self {
            handle,
            _host: host,
        })
    }

    /// Notifies the console that the URL changed.
    pub(super) fn set_url(&self, url: &str) {
        if let Ok(set_url) = function(&self.handle, "setUrl") {
            let _ = set_url.call1(&self.handle, &url.into());
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        if let Ok(unmount) = function(&self.handle, "unmount") {
            let _ = unmount.call0(&self.handle);
        }
    }
}

fn function(object: &JsValue, name: &str) -> Result<Function, JsValue> {
    Reflect::get(object, &name.into())?.dyn_into()
}
