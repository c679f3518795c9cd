//! `/sessions`: every device that is signed in to this account, and ways to end that.

use std::sync::Arc;

use latchkey_types::{ProviderInfo, SessionInfo};
use leptos::html::{div, h1, h2, li, p, section, span, ul};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;

use super::{ask_when_it_changes, ask_when_it_is_worth_it, leave_when_signed_out};
use crate::components::answered::{Answer, answered};
use crate::components::confirm::{Confirm, Deed};
use crate::device::device;
use crate::page_data::PageData;
use crate::piece::{late, nothing, piece, words};
use crate::session::{Session, client};
use crate::time;

mod ending;
mod resume;

use ending::{Ending, carry_out};

/// Where the status line is found.
const TOLD: &str = "told";

/// What the parts of this page share.
#[derive(Clone, Copy)]
struct Page {
    answer: Answer<Vec<SessionInfo>>,
    confirm: Confirm,
    /// What has been done, for the person to read.
    told: RwSignal<String>,
}

impl Page {
    /// Asks for the list. One that is shown stays until there is a newer one.
    fn ask(self) {
        spawn_local(async move {
            let fresh = client().sessions().await;
            // A page that was left has no use for it.
            self.answer.try_maybe_update(|answer| {
                let better = fresh.is_ok() || !matches!(answer, Some(Ok(_)));
                let news = better && answer.as_ref() != Some(&fresh);
                if news {
                    *answer = Some(fresh);
                }
                (news, ())
            });
        });
    }
}

/// The devices, for those who are signed in; the way there, for others.
pub(crate) fn sessions() -> AnyView {
    let session = Session::expect();
    let page = Page {
        answer: RwSignal::new(None),
        confirm: Confirm::new(),
        told: RwSignal::default(),
    };
    let data = PageData::current();
    let binds = data.dpop_nonce.is_some();
    let providers: Arc<[ProviderInfo]> = data.providers.into();
    leave_when_signed_out(session, "/sessions");
    ask_when_it_is_worth_it(session, move || page.ask());
    ask_when_it_changes(session, move || page.ask());
    resume::resume(session, page);

    piece((
        view! { <Title text="Your devices" /> },
        h1().child("Your devices"),
        p().class("lead")
            .child("Every browser and program that is signed in to your account."),
        p().id(TOLD)
            .role("status")
            .tabindex("-1")
            .class("told")
            .child(words(move || page.told.get())),
        answered(
            session,
            page.answer,
            ("Loading your devices", 5),
            move || page.ask(),
            move |sessions| devices(page, sessions, &providers, binds),
        ),
    ))
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
        (button(page, Ending::Others), nothing())
    } else {
        let alone = p().child("No other device is signed in.");
        (nothing(), late(alone))
    };
    late((
        ul().class("devices").child(items.collect_view()),
        section()
            .class("card all-at-once")
            .aria_labelledby("all-heading")
            .child((
                h2().id("all-heading").child("All at once"),
                alone,
                p().class("hint").child(
                    "Takes effect at once, wherever the tokens are checked. If you signed in a \
                     while ago, you are asked to do so once more before.",
                ),
                div()
                    .class("button-row")
                    .child((others, button(page, Ending::Everywhere))),
            )),
    ))
}

fn item(page: Page, session: &SessionInfo, providers: &[ProviderInfo], binds: bool) -> AnyView {
    let name = device(session.browser.as_deref(), session.system.as_deref());
    let badge = if session.current {
        late(span().class("badge").child("This device"))
    } else {
        nothing()
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
    let deed = Deed {
        name: format!("End session of {name}"),
        ..ending.deed()
    };
    late(
        li().class("card device").child((
            div().class("device-head").child((h2().child(name), badge)),
            ul().class("device-facts")
                .child(facts.map(|fact| li().child(fact)).collect_view()),
            page.confirm
                .button(deed, move || carry_out(page, ending.clone(), false)),
        )),
    )
}

fn button(page: Page, ending: Ending) -> AnyView {
    page.confirm.button(ending.deed(), move || {
        carry_out(page, ending.clone(), false);
    })
}
