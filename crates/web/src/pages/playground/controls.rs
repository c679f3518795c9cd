//! The buttons, the access token's life, and whether to refresh ahead.

use latchkey_client::{Call, Method, Notice};
use latchkey_types::paths;
use leptos::ev;
use leptos::html::{button, div, h2, input, label, option, section, select};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::session::{Session, client};

/// How many calls "30 calls at once" makes.
const MANY: usize = 30;

/// What the select offers: seconds, and what to call them.
const LIVES: [(&str, &str); 4] = [
    ("", "As configured"),
    ("5", "5 seconds"),
    ("15", "15 seconds"),
    ("60", "60 seconds"),
];

/// All of them.
pub(super) fn controls(session: Session) -> impl IntoView {
    // Until the page lives, a click would go nowhere.
    let lives = RwSignal::new(false);
    Effect::new(move || lives.set(true));
    let action = move |name, act: fn(Session)| {
        button()
            .r#type("button")
            .class("button")
            .disabled(move || !lives.get())
            .on(ev::click, move |_| act(session))
            .child(name)
    };
    section()
        .class("card controls")
        .aria_labelledby("controls-heading")
        .child((
            h2().id("controls-heading").child("Try it"),
            div().class("button-row").child((
                action("Call unprotected", |_| {
                    call(Call::anonymous(paths::API_ROOT));
                }),
                action("Call protected without token", |_| {
                    call(Call::anonymous(paths::API_PROTECTED));
                }),
                action("Call protected with token", |_| {
                    call(Call::get(paths::API_PROTECTED));
                }),
                action("30 calls at once", |_| {
                    for _ in 0..MANY {
                        call(Call::get(paths::API_PROTECTED));
                    }
                }),
            )),
            div().class("button-row").child((
                action("Refresh now", refresh),
                action("Log out", |_| {
                    spawn_local(async {
                        client().sign_out().await;
                    });
                }),
            )),
            div()
                .class("settings")
                .child((life(session, lives), ahead(lives))),
        ))
}

fn call(call: Call) {
    spawn_local(async move {
        // The timeline tells how it went.
        let _ = client().call(call).await;
    });
}

fn refresh(session: Session) {
    let client = client();
    if client.tokens().is_some() {
        client.refresh();
    } else {
        session.record(&Notice::NotSent {
            method: Method::Post,
            path: paths::TOKEN.to_owned(),
        });
    }
}

fn life(session: Session, lives: RwSignal<bool>) -> impl IntoView {
    // What was chosen before this page was left and come back to.
    let chosen = RwSignal::new(String::new());
    Effect::new(move || {
        let life = client().access_life();
        chosen.set(life.map(|seconds| seconds.to_string()).unwrap_or_default());
    });
    let options = LIVES.map(|(value, name)| option().value(value).child(name));
    div().class("field").child((
        label().r#for("access-life").child("Access token life"),
        select()
            .id("access-life")
            .disabled(move || !lives.get())
            .prop("value", chosen)
            .on(ev::change, move |event| {
                let value = event_target_value(&event);
                client().set_access_life(value.parse().ok());
                chosen.set(value);
                refresh(session);
            })
            .child(options.into_iter().collect_view()),
    ))
}

fn ahead(lives: RwSignal<bool>) -> impl IntoView {
    let on = RwSignal::new(true);
    Effect::new(move || on.set(client().refreshes_ahead()));
    div().class("field check").child((
        input()
            .r#type("checkbox")
            .id("refresh-ahead")
            .disabled(move || !lives.get())
            .checked(true)
            .prop("checked", on)
            .on(ev::change, move |event| {
                let ahead = event_target_checked(&event);
                client().set_refresh_ahead(ahead);
                on.set(ahead);
            }),
        label()
            .r#for("refresh-ahead")
            .child("Refresh ahead of expiry"),
    ))
}
