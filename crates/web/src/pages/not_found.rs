//! The page for unknown paths. The server sends it with status 404.

use leptos::html::{a, div, h1, p};
use leptos::prelude::*;
use leptos_meta::Title;

use crate::erased::erased;

/// The error and a link to the start page.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    erased((
        view! { <Title text="Page not found" /> },
        div().class("c-card c-card-narrow").child((
            h1().child("Page not found"),
            p().child("The address may be mistyped, or the page may have moved."),
            a().class("c-button")
                .href("/")
                .child("Go to the start page"),
        )),
    ))
}
