//! `/admin` and the paths below: loads the administration console and mounts it.
//!
//! The console is a separate application (`crates/console`), so that the browsers of other users
//! never load it. It is mounted in this page and uses this page's auth client and router, through the
//! functions in `admin/host.rs`: two clients in one tab would not notice each other's changes, because
//! the browser sends no storage event to the document that changed the storage.

use latchkey_client::SessionState;
use leptos::ev;
use leptos::html::{Div, a, button, div, h1, p, section};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_navigate};

use super::require_session_for;
use crate::auth_client::AuthClient;
use crate::components::skeleton::skeleton;
use crate::erased::{client_only, dynamic, empty, erased};
use crate::page_data::PageData;
use crate::session::Session;

mod console;
mod host;

use console::Console;
use host::Host;

/// What the page shows in place of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The console is not loaded yet, or there is no session yet.
    Loading,
    /// The console is mounted.
    Mounted,
    /// The user does not have the role.
    NotAdmin,
    /// The server has no console.
    NoConsole,
    /// The console could not be loaded.
    Failed,
}

/// The administration page.
#[component]
pub(crate) fn AdminPage() -> impl IntoView {
    let session = Session::expect();
    let client = AuthClient::expect();
    let location = use_location();
    let url = Memo::new(move |_| {
        let search = location.search.get();
        let path = location.pathname.get();
        if search.is_empty() {
            path
        } else {
            format!("{path}?{}", search.trim_start_matches('?'))
        }
    });
    require_session_for(session, move || url.get_untracked());

    let stage = RwSignal::new(Stage::Loading);
    let place = NodeRef::<Div>::new();
    let console = StoredValue::new_local(None::<Console>);
    let navigate = StoredValue::new_local(use_navigate());
    let files = StoredValue::new(PageData::current().console);
    Effect::new(move || {
        if session.state.get() != SessionState::SignedIn {
            return;
        }
        if !session.is_admin.get() {
            console.set_value(None);
            stage.set(Stage::NotAdmin);
            return;
        }
        let files = files.get_value();
        if files.is_empty() {
            stage.set(Stage::NoConsole);
            return;
        }
        if console.with_value(Option::is_some) {
            return;
        }
        stage.set(Stage::Loading);
        spawn_local(async move {
            let loaded = console::load(&files).await;
            // The user may have left this page, or lost the role.
            let Some(Some(place)) = place.try_get_untracked() else {
                return;
            };
            if !session.is_admin.get_untracked() || console.with_value(Option::is_some) {
                return;
            }
            let host = Host::new(client.get(), navigate.get_value());
            let mounted = loaded
                .and_then(|module| Console::mount(&module, &place, host, &url.get_untracked()));
            stage.set(if mounted.is_ok() {
                Stage::Mounted
            } else {
                Stage::Failed
            });
            console.set_value(mounted.ok());
        });
    });
    Effect::new(move || {
        let url = url.get();
        console.with_value(|console| {
            if let Some(console) = console {
                console.set_url(&url);
            }
        });
    });
    on_cleanup(move || {
        console.try_update_value(Option::take);
    });

    erased((
        view! { <Title text="Administration" /> },
        dynamic(move || placeholder(client, stage.get())),
        div().node_ref(place),
    ))
}

fn placeholder(client: AuthClient, stage: Stage) -> AnyView {
    match stage {
        Stage::Mounted => empty(),
        Stage::Loading => erased((
            h1().child("Administration"),
            section()
                .class("c-card u-if-starting")
                .child(skeleton("Loading the administration console", 5)),
        )),
        Stage::NotAdmin => card(
            "This page is for administrators. If you were made an administrator a moment ago, \
             check again.",
            client_only(
                button()
                    .r#type("button")
                    .class("c-button")
                    .on(ev::click, move |_| client.get().refresh())
                    .child("Check again"),
            ),
        ),
        Stage::NoConsole => card(
            "This server has no administration console. Build the console into the directory of \
             the app (web_dir) and restart the server, or use the command line.",
            empty(),
        ),
        Stage::Failed => card(
            "The administration console could not be loaded. Check your connection, then reload \
             this page.",
            client_only(
                a().class("c-button")
                    .rel("external")
                    .href("")
                    .child("Reload"),
            ),
        ),
    }
}

fn card(message: &'static str, action: AnyView) -> AnyView {
    client_only((
        h1().child("Administration"),
        section()
            .class("c-card c-error-card")
            .child((p().child(message), action)),
    ))
}
