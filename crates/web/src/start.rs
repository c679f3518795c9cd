//! The entry point in the browser: hydrates the page that the server rendered, or renders it again.

use leptos::mount::{hydrate_from, mount_to};
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlElement;

use crate::app::App;
use crate::shape;

/// The attribute of `<html>` that is set once the app has started: `hydrated` or `rendered`. `start.js`
/// and the styles read it.
const ATTRIBUTE: &str = "data-app";

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
    let value = if intact {
        hydrate_from(element, App).forget();
        "hydrated"
    } else {
        // A proxy, a translator or an extension changed the page, so it cannot be hydrated.
        element.replace_children_with_node_0();
        mount_to(element, App).forget();
        "rendered"
    };
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute(ATTRIBUTE, value);
    }
}

fn create() -> Option<web_sys::Element> {
    let element = document().create_element("div").ok()?;
    element.set_id(shape::ELEMENT);
    element.set_class_name(shape::CLASS);
    document().body()?.append_child(&element).ok()?;
    Some(element)
}
