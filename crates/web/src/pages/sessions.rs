//! `/sessions`: every device that is signed in to this account, and ways to end its session.

use std::sync::Arc;

use latchkey_client::{CallError, Client, SessionState, step_up_href};
use latchkey_types::{ProviderInfo, SessionInfo};
use leptos::html::{div, h1, h2, li, p, section, span, ul};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::require_session;
use crate::auth_client::AuthClient;
use crate::components::async_view::AsyncView;
use crate::components::confirm::{ConfirmAction, ConfirmGroup};
use crate::device::device;
use crate::erased::{client_only, dynamic_text, empty, erased};
use crate::fetched::Fetch;
use crate::last_login;
use crate::messages;
use crate::page_data::PageData;
use crate::session::Session;
use crate::time;

mod ending;
mod step_up;

use ending::Ending;

/// The id of the status line.
const STATUS: &str = "status";

/// What is said when another account comes back from the fresh sign-in.
const OTHER_ACCOUNT: &str = "You signed in with another account, so no session was ended.";

/// Sessions to end.
#[derive(Clone)]
struct End {
    ending: Ending,
    /// The person has just signed in again for this.
    resumed: bool,
}

/// What the parts of this page share.
#[derive(Clone, Copy)]
struct Page {
    /// What has been done, for the person to read.
    status: RwSignal<String>,
    end: Action<End, ()>,
    confirm: ConfirmGroup,
}

/// The devices of the account.
#[component]
pub(crate) fn SessionsPage() -> impl IntoView {
    let session = Session::expect();
    let client = AuthClient::expect();
    let data = PageData::current();
    let binds = data.dpop_nonce.is_some();
    let providers: Arc<[ProviderInfo]> = data.providers.into();
    require_session(session, "/sessions");

    let sessions = Fetch::refetch_on_reconnect(session, client, move |client| {
        session.changes.track();
        async move { client.sessions().await }
    });
    let status = RwSignal::new(String::new());
    let end = Action::new_unsync(move |request: &End| {
        status.set(String::new());
        end_sessions(client.get(), sessions, status, request.clone())
    });
    let pending = Signal::derive(move || {
        let request = end.input().get();
        request.map(|request| request.ending.key().to_owned())
    });
    let page = Page {
        status,
        end,
        confirm: ConfirmGroup::new(pending),
    };
    resume(session, page);

    let fetched = Callback::new(move |()| {
        let sessions = sessions.get()?;
        Some(sessions.map(|sessions| devices(page, &sessions, &providers, binds)))
    });
    let retry = Callback::new(move |()| sessions.retry());
    erased((
        view! { <Title text="Your devices" /> },
        h1().child("Your devices"),
        p().class("c-lead")
            .child("Every browser and program that is signed in to your account."),
        p().id(STATUS)
            .role("status")
            .tabindex("-1")
            .class("p-sessions-status")
            .child(dynamic_text(move || status.get())),
        view! { <AsyncView fetched waiting="Loading your devices" lines=5 retry /> },
    ))
}

/// Ends them and says so. If that needs a fresh sign-in, leads to it; [`resume`] continues after it.
async fn end_sessions(
    client: Client,
    sessions: Fetch<Vec<SessionInfo>>,
    status: RwSignal<String>,
    request: End,
) {
    let End { ending, resumed } = request;
    let outcome = match &ending {
        Ending::This => {
            client.sign_out().await;
            Ok(())
        }
        Ending::One { id, .. } => client.end_session(id).await,
        Ending::Others => client.end_other_sessions().await,
        Ending::Everywhere => client.sign_out_everywhere().await,
    };
    if status.is_disposed() {
        // Another page is open.
        return;
    }
    status.set(match outcome {
        Ok(()) => ending.done(),
        Err(CallError::StepUpRequired) if !resumed && sign_in_again(&client, sessions, &ending) => {
            "Sign in once more, then it is done.".to_owned()
        }
        Err(error) => messages::call(error).to_owned(),
    });
    sessions.refetch();
    focus_status();
}

/// Leaves for the provider of this session. Gives whether that was possible.
fn sign_in_again(client: &Client, sessions: Fetch<Vec<SessionInfo>>, ending: &Ending) -> bool {
    let sessions = sessions.get_untracked().and_then(Result::ok);
    let current = sessions.and_then(|list| list.iter().find(|session| session.current).cloned());
    let account = client.tokens().and_then(|tokens| tokens.account);
    let (Some(current), Some(account), Some(name)) = (current, account, ending.resume_name())
    else {
        return false;
    };
    let return_to = step_up::remember(&name, &account);
    let href = step_up_href(&current.provider, &account, &return_to);
    last_login::remember(&href);
    window().location().assign(&href).is_ok()
}

/// Continues, after a fresh sign-in, with what needed it; once.
fn resume(session: Session, page: Page) {
    let query = use_query_map();
    Effect::new(move || {
        if session.state.get() != SessionState::SignedIn {
            return;
        }
        let query = query.with_untracked(|query| query.get(step_up::PARAMETER));
        let Some(intent) = step_up::take(query.as_deref()) else {
            return;
        };
        if session.account.get_untracked().flatten() != Some(intent.account) {
            page.status.set(OTHER_ACCOUNT.to_owned());
            return;
        }
        page.end.dispatch(End {
            ending: intent.ending,
            resumed: true,
        });
    });
}

/// The button that was pressed may be gone. The focus moves to the line that says what was done.
fn focus_status() {
    use wasm_bindgen::JsCast as _;

    if let Some(status) = document().get_element_by_id(STATUS) {
        let _ = status.unchecked_into::<web_sys::HtmlElement>().focus();
    }
}

fn devices(
    page: Page,
    sessions: &[SessionInfo],
    providers: &[ProviderInfo],
    binds: bool,
) -> AnyView {
    let items = sessions.iter().map(|it| item(page, it, providers, binds));
    let others = sessions.iter().any(|it| !it.current);
    let (others, alone) = if others {
        (button(page, Ending::Others), empty())
    } else {
        let alone = p().child("No other device is signed in.");
        (empty(), client_only(alone))
    };
    client_only((
        ul().class("p-sessions-list").child(items.collect_view()),
        section()
            .class("c-card p-sessions-all")
            .aria_labelledby("all-heading")
            .child((
                h2().id("all-heading").child("All at once"),
                alone,
                p().class("c-hint").child(
                    "Takes effect at once, wherever the tokens are checked. If you signed in a \
                     while ago, you are asked to sign in again first.",
                ),
                div()
                    .class("c-button-row")
                    .child((others, button(page, Ending::Everywhere))),
            )),
    ))
}

fn item(page: Page, session: &SessionInfo, providers: &[ProviderInfo], binds: bool) -> AnyView {
    let name = device(session.browser.as_deref(), session.system.as_deref());
    let badge = if session.current {
        client_only(span().class("c-badge").child("This device"))
    } else {
        empty()
    };
    let provider = providers.iter().find(|it| it.id == session.provider);
    let provider = provider.map_or(&session.provider, |provider| &provider.label);
    let bound = match (session.bound, binds) {
        (true, _) => "Bound to this browser",
        // It could have been: a program, or a browser that could not keep a key.
        (false, true) => "Not bound to a key: a copy of its sign-in works elsewhere",
        (false, false) => "Not bound",
    };
    let facts = [
        session.address.clone().unwrap_or_default(),
        provider.clone(),
        format!("Signed in {}", time::moment(session.opened_at)),
        format!("Last seen {}", time::moment(session.last_seen)),
        bound.to_owned(),
    ];
    let facts = facts.into_iter().filter(|fact| !fact.is_empty());
    let ending = if session.current {
        Ending::This
    } else {
        Ending::One {
            id: session.id.clone(),
            name: name.clone(),
        }
    };
    let action = ConfirmAction {
        name: format!("End session of {name}"),
        ..ending.confirm_action()
    };
    client_only(
        li().class("c-card p-sessions-device").child((
            div()
                .class("p-sessions-device-head")
                .child((h2().child(name), badge)),
            ul().class("p-sessions-facts")
                .child(facts.map(|fact| li().child(fact)).collect_view()),
            confirm_button(page, action, ending),
        )),
    )
}

fn button(page: Page, ending: Ending) -> AnyView {
    confirm_button(page, ending.confirm_action(), ending)
}

fn confirm_button(page: Page, action: ConfirmAction, ending: Ending) -> AnyView {
    let on_confirm = Callback::new(move |()| {
        page.end.dispatch(End {
            ending: ending.clone(),
            resumed: false,
        });
    });
    page.confirm.button(action, on_confirm)
}
