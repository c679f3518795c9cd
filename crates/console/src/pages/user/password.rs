//! The button that creates a link to set the password of a local account.

use latchkey_types::admin::{AdminLink, AdminUser};
use latchkey_web::components::confirm::ConfirmAction;
use latchkey_web::erased::{client_only, dynamic, empty};
use leptos::html::p;
use leptos::prelude::*;

use crate::api;
use crate::form::{Commands, command};
use crate::host::Host;
use crate::link::NewLink;
use crate::page::part;
use crate::remote::Remote;

/// This part of the page; empty for users without a local account.
pub(super) fn view(commands: Commands, user: Remote<AdminUser>, path: String) -> AnyView {
    let has_password = Memo::new(move |_| user.get().is_some_and(|user| user.username.is_some()));
    let link = NewLink::new();
    client_only(dynamic(move || {
        if !has_password.get() {
            return empty();
        }
        let content = client_only((
            p().child(
                "The password and the sessions stay as they are until the link is used. Then all \
                 sessions end, and other ways to sign in are suspended until the user adds them \
                 again.",
            ),
            link.view(),
            button(commands, link, path.clone()),
        ));
        part("password-heading", "Password", content)
    }))
}

fn button(commands: Commands, link: NewLink, path: String) -> AnyView {
    let host = Host::expect();
    let action = ConfirmAction {
        key: "password-link".to_owned(),
        label: "Create a link to set a password",
        name: String::new(),
        question: "Create a link? It replaces an earlier one.",
        busy: "Creating…",
    };
    commands.button(action, move || {
        let path = format!("{path}/password-link");
        command(async move {
            let created: AdminLink = api::post(host, &path).await?;
            let delivery = link.show(created);
            Ok(format!("The link was created. {delivery}"))
        })
    })
}
