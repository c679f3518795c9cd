//! `/sessions`: the devices that are signed in to the account, and buttons to end their sessions.

use std::sync::Arc;

use latchkey_client::sign_in::LOCAL;
use latchkey_client::{CallError, Client};
use latchkey_types::{ProviderInfo, SessionInfo};
use leptos::html::{div, h1, h2, li, p, section, span, ul};
use leptos::prelude::*;
use leptos_meta::Title;

use super::require_session;
use crate::auth_client::AuthClient;
use crate::components::async_view::AsyncView;
use crate::components::confirm::{ConfirmAction, ConfirmGroup};
use crate::components::icon::Icon;
use crate::components::relative_time::{relative_time, use_coarse_now};
use crate::device::device;
use crate::erased::{client_only, dynamic_text, empty, erased};
use crate::fetched::Fetch;
use crate::messages;
use crate::page_data::PageData;
use crate::session::Session;
use crate::step_up;

mod end_target;

use end_target::EndTarget;

/// The path of this page.
const PAGE: &str = "/sessions";

/// The id of the status line.
const STATUS_ID: &str = "status";

/// The message if the user signs in with a different account for the step-up.
const OTHER_ACCOUNT: &str = "You signed in with a different account, so no session was ended.";

/// The user's request to end sessions.
#[derive(Clone)]
struct EndRequest {
    target: EndTarget,
    /// Whether the user has just signed in again for this request.
    resumed: bool,
}

/// The state that the parts of this page share.
#[derive(Clone, Copy)]
struct PageState {
    /// The result of the last request, for the user.
    status: RwSignal<String>,
    end: Action<EndRequest, ()>,
    confirm: ConfirmGroup,
    now: ReadSignal<u64>,
}

/// The devices that are signed in to the account.
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
    let end = Action::new_unsync(move |request: &EndRequest| {
        status.set(String::new());
        end_sessions(client.get(), sessions, status, request.clone())
    });
    let pending = Signal::derive(move || {
        let request = end.input().get();
        request.map(|request| request.target.key().to_owned())
    });
    let page = PageState {
        status,
        end,
        confirm: ConfirmGroup::new(pending),
        now: use_coarse_now(),
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
        p().id(STATUS_ID)
            .role("status")
            .tabindex("-1")
            .class("p-sessions-status")
            .child(dynamic_text(move || status.get())),
        view! { <AsyncView fetched waiting="Loading your devices" lines=5 retry /> },
    ))
}

/// Ends the sessions and sets the status. If that needs a step-up, goes to the provider; [`resume`]
/// continues afterwards.
async fn end_sessions(
    client: Client,
    sessions: Fetch<Vec<SessionInfo>>,
    status: RwSignal<String>,
    request: EndRequest,
) {
    let EndRequest { target, resumed } = request;
    let result = match &target {
        EndTarget::This => {
            client.sign_out().await;
            Ok(())
        }
        EndTarget::One { id, .. } => client.end_session(id).await,
        EndTarget::Others => client.end_other_sessions().await,
        EndTarget::Everywhere => client.sign_out_everywhere().await,
    };
    if status.is_disposed() {
        // The user has left this page.
        return;
    }
    status.set(match result {
        Ok(()) => target.done(),
        Err(CallError::StepUpRequired) if !resumed && begin_step_up(&client, sessions, &target) => {
            "Sign in again to confirm.".to_owned()
        }
        Err(error) => messages::call(error).to_owned(),
    });
    sessions.refetch();
    focus_status();
}

/// Goes to the provider of this session for a step-up. Returns whether that was possible.
fn begin_step_up(client: &Client, sessions: Fetch<Vec<SessionInfo>>, target: &EndTarget) -> bool {
    let sessions = sessions.get_untracked().and_then(Result::ok);
    let current = sessions.and_then(|list| list.iter().find(|session| session.current).cloned());
    let (Some(current), Some(name)) = (current, target.resume_name()) else {
        return false;
    };
    step_up::begin(client, &current.provider, PAGE, &name)
}

/// Continues, once, with the request that needed a step-up.
fn resume(session: Session, page: PageState) {
    let status = (page.status, OTHER_ACCOUNT);
    step_up::resume(
        session,
        PAGE,
        EndTarget::from_resume_name,
        status,
        move |target| {
            page.end.dispatch(EndRequest {
                target,
                resumed: true,
            });
        },
    );
}

/// Moves the focus to the status line, because the pressed button may be gone.
fn focus_status() {
    use wasm_bindgen::JsCast as _;

    if let Some(status) = document().get_element_by_id(STATUS_ID) {
        let _ = status.unchecked_into::<web_sys::HtmlElement>().focus();
    }
}

fn devices(
    page: PageState,
    sessions: &[SessionInfo],
    providers: &[ProviderInfo],
    binds: bool,
) -> AnyView {
    let items = sessions.iter().map(|it| item(page, it, providers, binds));
    let others = sessions.iter().any(|it| !it.current);
    let (others_button, alone) = if others {
        (end_button(page, EndTarget::Others), empty())
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
                h2().id("all-heading").child("All devices"),
                alone,
                p().class("c-hint").child(
                    "Signing out takes effect immediately. If your last sign-in was a while ago, \
                     you will be asked to sign in again first.",
                ),
                div()
                    .class("c-button-row")
                    .child((others_button, end_button(page, EndTarget::Everywhere))),
            )),
    ))
}

fn item(
    page: PageState,
    session: &SessionInfo,
    providers: &[ProviderInfo],
    binds: bool,
) -> AnyView {
    let name = device(session.browser.as_deref(), session.system.as_deref());
    let badge = if session.current {
        client_only(span().class("c-badge").child("This device"))
    } else {
        empty()
    };
    let provider = providers.iter().find(|it| it.id == session.provider);
    let provider = match (provider, session.provider.as_str()) {
        (Some(provider), _) => provider.label.as_str(),
        (None, LOCAL) => "Password",
        (None, name) => name,
    };
    let bound = match (session.bound, binds) {
        (true, _) => "Works only in the browser that signed in",
        // The server binds sessions, but this client is a program or a browser that stored no key.
        (false, true) => "A copy of this session would work on another device",
        (false, false) => "",
    };
    let seen = [
        ("Signed in ", session.opened_at),
        ("Last seen ", session.last_seen),
    ];
    let now = page.now;
    let seen = seen.map(|(words, at)| li().child((words, relative_time(now, at))));
    let facts = [
        session.address.clone().unwrap_or_default(),
        provider.to_owned(),
        bound.to_owned(),
    ];
    let facts = facts.into_iter().filter(|fact| !fact.is_empty());
    let icon = Icon::of_device(session.browser.as_deref(), session.system.as_deref());
    let target = if session.current {
        EndTarget::This
    } else {
        EndTarget::One {
            id: session.id.clone(),
            name: name.clone(),
        }
    };
    let action = ConfirmAction {
        name: name.clone(),
        ..target.confirm_action()
    };
    client_only(
        li().class("c-card p-sessions-device").child((
            div()
                .class("p-sessions-device-head")
                .child((icon.view(), h2().child(name), badge)),
            ul().class("p-sessions-facts").child((
                facts.map(|fact| li().child(fact)).collect_view(),
                seen.into_iter().collect_view(),
            )),
            confirm_button(page, action, target),
        )),
    )
}

fn end_button(page: PageState, target: EndTarget) -> AnyView {
    confirm_button(page, target.confirm_action(), target)
}

fn confirm_button(page: PageState, action: ConfirmAction, target: EndTarget) -> AnyView {
    let on_confirm = Callback::new(move |()| {
        page.end.dispatch(EndRequest {
            target: target.clone(),
            resumed: false,
        });
    });
    page.confirm.button(action, on_confirm)
}
