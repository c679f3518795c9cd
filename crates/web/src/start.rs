//! The entry in the browser: takes over the page that the server rendered, or renders it again.

use leptos::mount::{hydrate_from, mount_to};
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlElement;

use crate::app::App;
use crate::shape;

/// The attribute of `<html>` that says that the app has started, and how. `start.js` and the styles
/// read it.
const STARTED: &str = "data-app";

/// Starts the app.
pub fn start() {
    let found = document().get_element_by_id(shape::ELEMENT);
    let intact = found.as_ref().is_some_and(shape::is_intact);
    let Some(element) = found
        .or_else(create)
        .and_then(|it| it.dyn_into::<HtmlElement>().ok())
    else {
        return;
    };
    let how = if intact {
        hydrate_from(element, App).forget();
        "hydrated"
    } else {
        // A proxy, a translator or an extension changed the page, so it cannot be hydrated. Everything
        // in it is rendered again.
        element.replace_children_with_node_0();
        mount_to(element, App).forget();
        "rendered"
    };
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute(STARTED, how);
    }
}

fn create() -> Option<web_sys::Element> {
    let element = document().create_element("div").ok()?;
    element.set_id(shape::ELEMENT);
    element.set_class_name(shape::CLASS);
    document().body()?.append_child(&element).ok()?;
    Some(element)
}
