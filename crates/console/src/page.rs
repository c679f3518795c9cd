//! What every page has: a heading, and the query of the current URL.

use latchkey_web::erased::{client_only, dynamic_text};
use leptos::html::{h1, h2, p, section};
use leptos::prelude::*;

use crate::query::Query;

/// The query of the current URL, as a context.
#[derive(Clone, Copy)]
pub(crate) struct CurrentQuery(pub(crate) Memo<Query>);

impl CurrentQuery {
    /// The query of the current URL.
    pub(crate) fn expect() -> Memo<Query> {
        expect_context::<Self>().0
    }
}

/// The heading of a page whose title is known only once its data is loaded.
pub(crate) fn heading_of(title: impl Fn() -> String + Send + Sync + 'static) -> AnyView {
    let title = Memo::new(move |_| title());
    Effect::new(move || set_document_title(&title.get()));
    client_only(h1().child(dynamic_text(move || title.get())))
}

/// The heading of a page and a sentence that explains the page, which may be empty. Also sets the
/// title of the document.
pub(crate) fn heading(title: &str, lead: &'static str) -> AnyView {
    set_document_title(title);
    let lead = (!lead.is_empty()).then(|| p().class("c-lead").child(lead));
    client_only((h1().child(title.to_owned()), lead))
}

/// A part of the page with a heading.
pub(crate) fn part(id: &'static str, title: &'static str, content: AnyView) -> AnyView {
    client_only(
        section()
            .class("p-console-part")
            .aria_labelledby(id)
            .child((h2().id(id).child(title), content)),
    )
}

fn set_document_title(title: &str) {
    document().set_title(&format!("{title} · Administration · Latchkey"));
}
