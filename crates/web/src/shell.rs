//! The document around the pages, on the server: Trunk's head with the nonce of the request, and the
//! body that the browser hydrates.

use std::sync::Arc;

use leptos::html::{body, div, head, html};
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos::tachys::html::doctype;

use crate::app::App;
use crate::notices::Notices;
use crate::page_data::{self, PageData};
use crate::shape;

/// Trunk's placeholder for a nonce (`nonce_placeholder` in `Trunk.toml`).
pub const NONCE_PLACEHOLDER: &str = "{{__TRUNK NONCE__}}";

/// Runs in the head, before the first paint and before the app has loaded.
const START_SCRIPT: &str = include_str!("start.js");

/// The content of the `<head>` in Trunk's `index.html`, including the placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadHtml(pub Arc<str>);

/// Extracts the head from Trunk's `index.html`; `None` if there is none.
pub fn head_of(index_html: &str) -> Option<HeadHtml> {
    let (_, after) = index_html.split_once("<html")?;
    let (_, after) = after.split_once('>')?;
    let (head, _) = after.split_once("</head>")?;
    // Trunk's minifier omits the start tag.
    let head = head.trim_start().trim_start_matches("<head>");
    Some(HeadHtml(head.trim().into()))
}

/// The whole document, for every path. Needs [`PageData`] as a context.
#[expect(
    clippy::needless_pass_by_value,
    reason = "called from closures that render once per request and cannot borrow"
)]
pub fn shell(head_html: HeadHtml) -> impl IntoView {
    let nonce = use_nonce().map(|nonce| nonce.to_string());
    let nonce = nonce.unwrap_or_default();
    let mut inner = head_html.0.replace(NONCE_PLACEHOLDER, &nonce);
    for part in ["<script nonce=\"", &nonce, "\">", START_SCRIPT, "</script>"] {
        inner.push_str(part);
    }
    let data = PageData::current().to_json();
    (
        doctype("html"),
        html().lang("en").child((
            head().inner_html(inner),
            body().attr(page_data::ATTRIBUTE, data).child((
                div()
                    .id(shape::ELEMENT)
                    .class(shape::CLASS)
                    .attr(shape::ATTRIBUTE, "")
                    .child(view! { <App /> }),
                view! { <Notices /> },
            )),
        )),
    )
}

/// Adds the shape of the app's content to a rendered document. The browser checks it before it
/// hydrates.
#[must_use]
pub fn with_shape(document: &str) -> String {
    let empty = format!("{}=\"\"", shape::ATTRIBUTE);
    let with_shape = document.split_once(&empty).and_then(|(before, after)| {
        let (attributes, content) = after.split_once('>')?;
        let shape = shape::of_html(content)?;
        let attribute = format!("{}=\"{shape}\"", shape::ATTRIBUTE);
        Some([before, &attribute, attributes, ">", content].concat())
    });
    with_shape.unwrap_or_else(|| document.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_is_the_content_between_its_tags() {
        let index =
            "<!DOCTYPE html><html lang=\"en\"><head>\n<title>x</title>\n</head><body></body>";
        assert_eq!(head_of(index), Some(HeadHtml("<title>x</title>".into())));
    }

    #[test]
    fn minified_head_without_a_start_tag_is_found() {
        let index = "<!doctype html><html lang=en><meta charset=utf-8></head><body></body></html>";
        assert_eq!(
            head_of(index),
            Some(HeadHtml("<meta charset=utf-8>".into()))
        );
    }

    #[test]
    fn document_without_a_head_gives_none() {
        for index in ["", "<head>", "</head><head>", "<body></body>"] {
            assert_eq!(head_of(index), None, "{index}");
        }
    }

    #[test]
    fn shape_is_added_to_the_element_of_the_app() {
        let document =
            "<body><div id=\"app\" data-shape=\"\" class=\"c-app\"><p>one</p></div></body>";
        let changed = with_shape(document);
        assert_eq!(changed.len(), document.len() + 16);
        assert!(changed.contains("data-shape=\"") && !changed.contains("data-shape=\"\""));
        assert!(changed.ends_with("\" class=\"c-app\"><p>one</p></div></body>"));
        for unknown in ["<body></body>", "<div data-shape=\"\"><p>"] {
            assert_eq!(with_shape(unknown), unknown);
        }
    }
}
