//! `/activity`: the security events of the account, newest first.

use latchkey_types::{Activity, ActivityKind, ActivityList};
use leptos::ev;
use leptos::html::{a, button, h1, li, ol, p, section};
use leptos::prelude::*;
use leptos_meta::Title;

use super::require_session;
use crate::auth_client::AuthClient;
use crate::components::async_view::AsyncView;
use crate::components::icon::Icon;
use crate::components::relative_time::{relative_time, use_coarse_now};
use crate::erased::{client_only, empty, erased};
use crate::fetched::{Fetch, Fetched};
use crate::session::Session;
use crate::time;

mod describe;
mod merge;

use merge::OlderPage;

/// Loads the events before a cursor; `None` if the request failed.
type LoadOlder = Action<String, Option<OlderPage>>;

/// The security events of the account.
#[component]
pub(crate) fn ActivityPage() -> impl IntoView {
    let session = Session::expect();
    let client = AuthClient::expect();
    require_session(session, "/activity");
    let newest = Fetch::refetch_on_reconnect(session, client, move |client| {
        session.changes.track();
        async move { client.activity(None).await }
    });
    let load_older: LoadOlder = Action::new_unsync(move |cursor: &String| {
        let (client, cursor) = (client.get(), cursor.clone());
        let account = session.account.get_untracked();
        async move {
            let list = client.activity(Some(&cursor)).await.ok()?;
            Some(OlderPage {
                account,
                cursor,
                list,
            })
        }
    });
    let merged = Memo::new(move |previous: Option<&Fetched<ActivityList>>| {
        let newest = newest.get()?;
        let shown = previous.and_then(|previous| previous.as_ref()?.as_ref().ok());
        let older = load_older.value().get().flatten();
        let older = older.filter(|older| older.account == session.account.get());
        Some(newest.map(|newest| merge::merged(shown, &newest, older)))
    });
    let now = use_coarse_now();
    let fetched =
        Callback::new(move |()| Some(merged.get()?.map(|list| events(load_older, now, &list))));
    let retry = Callback::new(move |()| newest.retry());

    erased((
        view! { <Title text="Activity" /> },
        h1().child("Activity"),
        p().class("c-lead").child((
            "Security events of your account. If you do not recognize one, open ",
            a().href("/sessions").child("your devices"),
            " and sign out the device.",
        )),
        view! { <AsyncView fetched waiting="Loading your activity" lines=6 retry /> },
    ))
}

fn events(load_older: LoadOlder, now: ReadSignal<u64>, list: &ActivityList) -> AnyView {
    if list.events.is_empty() {
        return client_only(
            section()
                .class("c-card")
                .child(p().class("c-hint").child("No activity yet.")),
        );
    }
    let items = list.events.iter().map(|event| item(event, now));
    let older = match &list.next {
        Some(cursor) => older_button(load_older, cursor.clone()),
        None => empty(),
    };
    client_only((
        ol().class("c-card p-activity-list")
            .aria_label("Activity")
            .child(items.collect_view()),
        older,
    ))
}

fn item(event: &Activity, now: ReadSignal<u64>) -> AnyView {
    let class = match event.kind {
        ActivityKind::Replayed | ActivityKind::ProofMissing => "p-activity-event p-activity-alarm",
        _ => "p-activity-event",
    };
    let facts = describe::facts(event);
    let at = facts.shows_time.then(|| relative_time(now, event.at));
    let mut text = facts.texts.join(" · ");
    if at.is_some() && !text.is_empty() {
        text.insert_str(0, " · ");
    }
    client_only(li().class(class).child((
        Icon::of_event(event.kind).view(),
        p().child(describe::headline(event, &time::date_time(event.at))),
        p().class("c-hint").child((at, text)),
    )))
}

fn older_button(load_older: LoadOlder, cursor: String) -> AnyView {
    client_only(
        button()
            .r#type("button")
            .class("c-button p-activity-older")
            .disabled(move || load_older.pending().get())
            .on(ev::click, move |_| {
                load_older.dispatch(cursor.clone());
            })
            .child("Show older"),
    )
}
