//! A one-time link that was just created. It is shown until the page is left, because no later
//! response contains it.

use latchkey_types::admin::AdminLink;
use latchkey_web::erased::{client_only, dynamic, empty};
use latchkey_web::time;
use leptos::html::{div, input, label, p, section};
use leptos::prelude::*;

/// The id of the field with the link.
const ID: &str = "new-link";

/// The latest link.
#[derive(Clone, Copy)]
pub(crate) struct NewLink(RwSignal<Option<AdminLink>>);

impl NewLink {
    /// No link yet.
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(None))
    }

    /// Shows this link, and returns what the status line says about it.
    pub(crate) fn show(self, link: AdminLink) -> String {
        let text = match &link.mailed_to {
            Some(to) => format!("The link was sent to {to}."),
            None => "Give the link below to the user: it was not sent by mail.".to_owned(),
        };
        self.0.try_set(Some(link));
        text
    }

    /// The link, if it was not sent by mail.
    pub(crate) fn view(self) -> AnyView {
        client_only(dynamic(move || {
            let link = self.0.get();
            let Some((url, expires_at)) = link.and_then(|it| Some((it.url?, it.expires_at))) else {
                return empty();
            };
            client_only(
                section()
                    .class("c-card p-console-form")
                    .aria_label("New link")
                    .child((
                        div().class("p-console-field").child((
                            label().r#for(ID).child("Link"),
                            input()
                                .id(ID)
                                .class("c-input")
                                .r#type("text")
                                .readonly(true)
                                .prop("value", url),
                        )),
                        p().class("c-hint").child(format!(
                            "Copy it now: it is not shown again. It works once, until {}. Anyone \
                         who has it can use it, so send it only to the user.",
                            time::date_time(expires_at)
                        )),
                    )),
            )
        }))
    }
}
