//! The bar on top of every page.

use latchkey_client::SessionState;
use leptos::ev;
use leptos::html::{a, button, div, header as header_element, li, nav, span, ul};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_location;

use crate::piece::{late, live, nothing};
use crate::session::{Session, client};

/// Name, navigation, sign-out.
pub(crate) fn header() -> impl IntoView {
    let session = Session::expect();
    header_element().class("page-header").child(
        div().class("page-header-inner").child((
            a().class("brand").href("/").child((
                span().class("brand-mark").aria_hidden("true"),
                span().class("brand-name").child("Latchkey"),
            )),
            nav().aria_label("Main").child(ul().child((
                li().child(link("/account", "Account")),
                li().child(link("/sessions", "Devices")),
                li().child(link("/activity", "Activity")),
                li().child(link("/playground", "Playground")),
            ))),
            div()
                .class("page-header-end")
                .child(live(move || sign_out(session.state.get()))),
        )),
    )
}

fn link(href: &'static str, label: &'static str) -> impl IntoView {
    let path = use_location().pathname;
    let current = move || (path.get() == href).then_some("page");
    a().href(href).aria_current(current).child(label)
}

fn sign_out(state: SessionState) -> AnyView {
    let leaving = state == SessionState::SigningOut;
    if !leaving && state != SessionState::SignedIn {
        return nothing();
    }
    late(
        button()
            .r#type("button")
            .class("button quiet")
            .disabled(leaving)
            .on(ev::click, |_| {
                spawn_local(async {
                    client().sign_out().await;
                });
            })
            .child(if leaving {
                "Signing out…"
            } else {
                "Sign out"
            }),
    )
}
