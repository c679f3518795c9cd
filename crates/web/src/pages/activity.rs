//! `/activity`: what happened to the account, newest first.

use latchkey_types::{Activity, ActivityKind, ActivityList};
use leptos::ev;
use leptos::html::{a, button, h1, li, ol, p, section};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;

use super::{ask_when_it_changes, ask_when_it_is_worth_it, leave_when_signed_out};
use crate::components::answered::{Answer, answered};
use crate::piece::{late, nothing, piece};
use crate::session::{Session, client};
use crate::time;

mod account_of;
mod merge;

/// What the parts of this page share.
#[derive(Clone, Copy)]
struct Page {
    answer: Answer<ActivityList>,
    /// Older events are being asked for.
    asking: RwSignal<bool>,
}

impl Page {
    /// Asks for the latest events; older ones that are shown stay.
    fn ask(self) {
        spawn_local(async move {
            let fresh = client().activity(None).await;
            // A page that was left has no use for it.
            self.answer.try_maybe_update(|answer| {
                let next = match (answer.as_ref(), fresh) {
                    (Some(Ok(known)), Ok(fresh)) => Ok(merge::newer(known, fresh)),
                    (Some(Ok(_)), Err(_)) => return (false, ()),
                    (_, fresh) => fresh,
                };
                let news = answer.as_ref() != Some(&next);
                *answer = Some(next);
                (news, ())
            });
        });
    }

    /// Asks for those before `cursor`.
    fn ask_older(self, cursor: String) {
        self.asking.set(true);
        spawn_local(async move {
            let older = client().activity(Some(&cursor)).await;
            let _ = self.asking.try_set(false);
            let Ok(older) = older else { return };
            self.answer.try_maybe_update(|answer| match answer {
                // Unless the list is another one by now.
                Some(Ok(known)) if known.next.as_ref() == Some(&cursor) => {
                    known.events.extend(older.events);
                    known.next = older.next;
                    (true, ())
                }
                _ => (false, ()),
            });
        });
    }
}

/// The events, for those who are signed in; the way there, for others.
pub(crate) fn activity() -> AnyView {
    let session = Session::expect();
    let page = Page {
        answer: RwSignal::new(None),
        asking: RwSignal::new(false),
    };
    leave_when_signed_out(session, "/activity");
    ask_when_it_is_worth_it(session, move || page.ask());
    ask_when_it_changes(session, move || page.ask());

    piece((
        view! { <Title text="Activity" /> },
        h1().child("Activity"),
        p().class("lead").child((
            "What happened to your account. If there is something that you did not do, end that \
             session on the page ",
            a().href("/sessions").child("Devices"),
            ".",
        )),
        answered(
            session,
            page.answer,
            ("Loading your activity", 6),
            move || page.ask(),
            move |list| events(page, list),
        ),
    ))
}

fn events(page: Page, list: &ActivityList) -> AnyView {
    if list.events.is_empty() {
        return late(
            section()
                .class("card")
                .child(p().class("hint").child("Nothing has happened yet.")),
        );
    }
    let items = list.events.iter().map(item);
    let older = match &list.next {
        Some(cursor) => older(page, cursor.clone()),
        None => nothing(),
    };
    late((
        ol().class("card events")
            .aria_label("Activity")
            .child(items.collect_view()),
        older,
    ))
}

fn item(event: &Activity) -> AnyView {
    let at = time::moment(event.at);
    let class = match event.kind {
        ActivityKind::Replayed | ActivityKind::Unproven => "event alarm",
        _ => "event",
    };
    late(li().class(class).child((
        p().child(account_of::sentence(event, &at)),
        p().class("hint").child(account_of::facts(event, &at)),
    )))
}

fn older(page: Page, cursor: String) -> AnyView {
    late(
        button()
            .r#type("button")
            .class("button older")
            .disabled(move || page.asking.get())
            .on(ev::click, move |_| page.ask_older(cursor.clone()))
            .child("Show older"),
    )
}
