//! `/admin/sessions`: the open sessions of all users.

use latchkey_types::admin::{AdminSession, AdminSessionList};
use latchkey_web::components::confirm::ConfirmAction;
use latchkey_web::components::icon::Icon;
use latchkey_web::device::device;
use latchkey_web::erased::client_only;
use leptos::html::{code, div, p, span};
use leptos::prelude::*;

use crate::api;
use crate::form::{Commands, command};
use crate::host::Host;
use crate::page::{CurrentQuery, heading};
use crate::query::encoded;
use crate::remote::Remote;
use crate::route::Route;
use crate::table::{cell, pager, table};
use crate::text::{user_link, when};

/// The page.
pub(crate) fn view() -> AnyView {
    let query = CurrentQuery::expect();
    let sessions = Remote::<AdminSessionList>::new(move || {
        query.with(|query| query.url("/api/admin/sessions"))
    });
    let commands = Commands::new(move || sessions.refetch());
    client_only((
        heading(
            "Sessions",
            "The open sessions of all users, the latest first.",
        ),
        commands.status_line(),
        sessions.view("Loading sessions", move |list| {
            let query = query.get_untracked();
            client_only((
                sessions_table(commands, &list.sessions, true),
                pager(&Route::Sessions.path(), &query, list.next.as_deref()),
            ))
        }),
    ))
}

/// A table of sessions, each with a button that ends it. `with_user` adds a column with the user.
pub(crate) fn sessions_table(
    commands: Commands,
    sessions: &[AdminSession],
    with_user: bool,
) -> AnyView {
    let columns = [
        "Device",
        "User",
        "Address",
        "Provider",
        "Opened",
        "Last used",
        "Expires",
        "Action",
    ];
    let columns: Vec<_> = columns
        .into_iter()
        .filter(|column| with_user || *column != "User")
        .collect();
    let rows = sessions.iter().map(|session| {
        let mut cells = vec![device_cell(session)];
        if with_user {
            let name = session
                .email
                .clone()
                .unwrap_or_else(|| session.user.clone());
            cells.push(user_link(&session.user, name));
        }
        cells.extend([
            cell(session.address.clone().unwrap_or_default()),
            cell(session.provider.clone()),
            when(session.opened_at),
            when(session.last_seen),
            when(session.expires_at),
            end_button(commands, session),
        ]);
        cells
    });
    table("Sessions", &columns, rows.collect())
}

fn device_cell(session: &AdminSession) -> AnyView {
    let icon = Icon::of_device(session.browser.as_deref(), session.system.as_deref()).view();
    let name = device(session.browser.as_deref(), session.system.as_deref());
    let bound = session
        .bound
        .then(|| p().class("c-hint").child("Bound to a key"));
    client_only(div().child((
        span().class("p-console-with-icon").child((icon, name)),
        p().class("c-hint").child(code().child(session.id.clone())),
        bound,
    )))
}

fn end_button(commands: Commands, session: &AdminSession) -> AnyView {
    let host = Host::expect();
    let id = session.id.clone();
    let name = device(session.browser.as_deref(), session.system.as_deref());
    let action = ConfirmAction {
        key: id.clone(),
        label: "End",
        name,
        question: "End this session?",
        busy: "Ending…",
    };
    commands.button(action, move || {
        let path = format!("/api/admin/sessions/{}", encoded(&id));
        command(async move {
            api::send(host, "DELETE", &path).await?;
            Ok("The session has ended.".to_owned())
        })
    })
}
