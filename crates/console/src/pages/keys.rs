//! `/admin/keys`: the keys that sign access tokens.

use latchkey_types::admin::{AdminKey, AdminKeyList, KeyState};
use latchkey_web::components::confirm::ConfirmAction;
use latchkey_web::erased::{client_only, empty};
use leptos::html::{code, div};
use leptos::prelude::*;

use crate::api;
use crate::form::{Commands, command};
use crate::host::Host;
use crate::page::heading;
use crate::remote::Remote;
use crate::table::{cell, table};
use crate::text::{badge, when};

/// The page.
pub(crate) fn view() -> AnyView {
    let host = Host::expect();
    let keys = Remote::<AdminKeyList>::new(|| "/api/admin/keys".to_owned());
    let commands = Commands::new(move || keys.refetch());
    let action = ConfirmAction {
        key: "rotate".to_owned(),
        label: "Rotate the signing key",
        name: String::new(),
        question: "Create a new signing key?",
        busy: "Rotating…",
    };
    let rotate = commands.button(action, move || {
        command(async move {
            api::send(host, "POST", "/api/admin/keys").await?;
            Ok(
                "The next key is published. It starts to sign after other services have had time to \
                 load it."
                    .to_owned(),
            )
        })
    });
    client_only((
        heading(
            "Signing keys",
            "The keys that sign access tokens. A retired key verifies the tokens that it signed \
             until they have expired.",
        ),
        commands.status_line(),
        keys.view("Loading the keys", |list| {
            let rows = list.keys.iter().map(row).collect();
            table(
                "Signing keys",
                &[
                    "Key ID",
                    "State",
                    "Algorithm",
                    "Created",
                    "Signs from",
                    "Removed",
                ],
                rows,
            )
        }),
        div().class("p-console-part").child(rotate),
    ))
}

fn row(key: &AdminKey) -> Vec<AnyView> {
    vec![
        client_only(code().child(key.kid.clone())),
        match key.state {
            KeyState::Next => badge("Next", "waiting"),
            KeyState::Signing => badge("Signing", "good"),
            KeyState::Retired => badge("Retired", "plain"),
        },
        cell(key.algorithm.clone()),
        when(key.created_at),
        when(key.signs_from),
        key.expires_at.map_or_else(empty, when),
    ]
}
