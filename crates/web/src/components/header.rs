//! The bar at the top of every page.

use latchkey_client::SessionState;
use leptos::ev;
use leptos::html::{a, button, div, header, li, nav, span, ul};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::auth_client::AuthClient;
use crate::erased::{client_only, dynamic, empty};
use crate::session::Session;

/// The name of the site, the navigation and the sign-out button.
#[component]
pub(crate) fn PageHeader() -> impl IntoView {
    let session = Session::expect();
    let sign_out = AuthClient::expect().sign_out();
    header().class("c-header").child(
        div().class("c-header-inner").child((
            a().class("c-brand").href("/").child((
                span().class("c-mark").aria_hidden("true"),
                span().child("Latchkey"),
            )),
            nav().class("c-header-nav").aria_label("Main").child(
                ul().child((
                    li().class("u-if-session")
                        .child(link("/account", "Account")),
                    li().class("u-if-session")
                        .child(link("/sessions", "Devices")),
                    li().class("u-if-session")
                        .child(link("/activity", "Activity")),
                    li().child(link("/playground", "Playground")),
                    dynamic(move || administration_link(session)),
                )),
            ),
            div()
                .class("c-header-end")
                .child(dynamic(move || sign_out_button(session, sign_out))),
        )),
    )
}

fn link(href: &'static str, label: &'static str) -> impl IntoView {
    let path = use_location().pathname;
    let current = move || (path.get() == href).then_some("page");
    a().href(href).aria_current(current).child(label)
}

/// The link to the console, for administrators only. It is marked as current on every console page.
fn administration_link(session: Session) -> AnyView {
    const ROOT: &str = "/admin";

    if !session.is_admin.get() {
        return empty();
    }
    let path = use_location().pathname;
    let current = move || path.with(|path| is_below(path, ROOT)).then_some("page");
    client_only(li().child(a().href(ROOT).aria_current(current).child("Administration")))
}

fn is_below(path: &str, root: &str) -> bool {
    path.strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn sign_out_button(session: Session, sign_out: Action<(), bool>) -> AnyView {
    // The session's state, not the action's: another tab or the playground can also sign out.
    let (signing_out, label) = match session.state.get() {
        SessionState::SigningOut => (true, "Signing out…"),
        SessionState::SignedIn => (false, "Sign out"),
        _ => return empty(),
    };
    client_only(
        button()
            .r#type("button")
            .class("c-button c-button-quiet")
            .disabled(signing_out)
            .on(ev::click, move |_| {
                sign_out.dispatch(());
            })
            .child(label),
    )
}
