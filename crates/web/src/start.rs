//! The entry in the browser: takes over the page that the server rendered, or renders it again.

use leptos::mount::{hydrate_from, mount_to};
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlElement;

use crate::{App, ELEMENT, shape};

/// The attribute of `<html>` that says that the app has started, and how. `start.js` and the styles
/// look at it.
const STARTED: &str = "data-app";

/// Starts the app.
pub fn start() {
    let found = document().get_element_by_id(ELEMENT);
    let intact = found.as_ref().is_some_and(shape::is_intact);
    let Some(element) = found
        .or_else(make)
        .and_then(|it| it.dyn_into::<HtmlElement>().ok())
    else {
        return;
    };
    let how = if intact {
        hydrate_from(element, App).forget();
        "hydrated"
    } else {
        // Somebody changed the page on its way or in the browser: what is there cannot be followed
        // any more, and says nothing that the app does not say again.
        element.replace_children_with_node_0();
        mount_to(element, App).forget();
        "rendered"
    };
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute(STARTED, how);
    }
}

fn make() -> Option<web_sys::Element> {
    let element = document().create_element("div").ok()?;
    element.set_id(ELEMENT);
    element.set_class_name(ELEMENT);
    document().body()?.append_child(&element).ok()?;
    Some(element)
}
