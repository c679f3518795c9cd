//! Any path that leads nowhere. The server answers it with 404.

use leptos::html::{a, div, h1, p};
use leptos::prelude::*;
use leptos_meta::Title;

use crate::piece::piece;

/// Says so, and leads back.
pub(crate) fn not_found() -> AnyView {
    piece((
        view! { <Title text="No such page" /> },
        div().class("narrow card").child((
            h1().child("There is no such page"),
            p().child("The address may be mistyped, or the page may have moved."),
            a().class("button").href("/").child("Go to the start page"),
        )),
    ))
}
