//! The buttons, the life of the access token, and whether to refresh ahead of expiry.

use latchkey_client::{Call, Method, Notice};
use latchkey_types::paths;
use leptos::ev;
use leptos::html::{button, div, h2, input, label, option, section, select};
use leptos::prelude::*;

use crate::auth_client::AuthClient;
use crate::erased::erased;
use crate::session::Session;

/// How many calls "30 calls at once" makes.
const PARALLEL_CALLS: usize = 30;

/// What the select offers: seconds, and the label.
const LIVES: [(&str, &str); 4] = [
    ("", "As configured"),
    ("5", "5 seconds"),
    ("15", "15 seconds"),
    ("60", "60 seconds"),
];

/// What a button does.
#[derive(Clone, Copy)]
enum Press {
    Unprotected,
    WithoutToken,
    WithToken,
    Parallel,
    Refresh,
    SignOut,
}

/// What the parts of this card share.
#[derive(Clone, Copy)]
struct Deps {
    session: Session,
    client: AuthClient,
    /// A click before the app has started would be lost, so everything is disabled until then.
    started: RwSignal<bool>,
    /// The timeline shows the outcome of each.
    call: Action<Call, ()>,
    sign_out: Action<(), bool>,
}

/// All of them.
#[component]
pub(super) fn Controls() -> impl IntoView {
    let client = AuthClient::expect();
    let started = RwSignal::new(false);
    Effect::new(move || started.set(true));
    let deps = Deps {
        session: Session::expect(),
        client,
        started,
        call: Action::new_unsync(move |call: &Call| {
            let (client, call) = (client.get(), call.clone());
            async move {
                let _ = client.call(call).await;
            }
        }),
        sign_out: client.sign_out(),
    };
    erased(
        section()
            .class("c-card p-playground-controls")
            .aria_labelledby("controls-heading")
            .child((
                h2().id("controls-heading").child("Try it"),
                div().class("c-button-row").child((
                    deps.button("Call unprotected", Press::Unprotected),
                    deps.button("Call protected without token", Press::WithoutToken),
                    deps.button("Call protected with token", Press::WithToken),
                    deps.button("30 calls at once", Press::Parallel),
                )),
                div().class("c-button-row").child((
                    deps.button("Refresh now", Press::Refresh),
                    deps.button("Log out", Press::SignOut),
                )),
                div()
                    .class("p-playground-settings")
                    .child((deps.access_life(), deps.refresh_ahead())),
            )),
    )
}

impl Deps {
    fn button(self, label: &'static str, press: Press) -> AnyView {
        erased(
            button()
                .r#type("button")
                .class("c-button")
                .disabled(move || !self.started.get())
                .on(ev::click, move |_| self.run(press))
                .child(label),
        )
    }

    fn run(self, press: Press) {
        match press {
            Press::Unprotected => self.call(Call::anonymous(paths::API_ROOT)),
            Press::WithoutToken => self.call(Call::anonymous(paths::API_PROTECTED)),
            Press::WithToken => self.call(Call::get(paths::API_PROTECTED)),
            Press::Parallel => {
                for _ in 0..PARALLEL_CALLS {
                    self.call(Call::get(paths::API_PROTECTED));
                }
            }
            Press::Refresh => self.refresh(),
            Press::SignOut => {
                self.sign_out.dispatch(());
            }
        }
    }

    fn call(self, call: Call) {
        self.call.dispatch(call);
    }

    fn refresh(self) {
        let client = self.client.get();
        if client.tokens().is_some() {
            client.refresh();
        } else {
            self.session.record(&Notice::NotSent {
                method: Method::Post,
                path: paths::TOKEN.to_owned(),
            });
        }
    }

    fn access_life(self) -> impl IntoView {
        // The client keeps the choice while another page is open.
        let chosen = RwSignal::new(String::new());
        Effect::new(move || {
            let life = self.client.get().access_lifetime();
            chosen.set(life.map(|seconds| seconds.to_string()).unwrap_or_default());
        });
        let options = LIVES.map(|(value, name)| option().value(value).child(name));
        div().class("c-field").child((
            label().r#for("access-life").child("Access token life"),
            select()
                .id("access-life")
                .disabled(move || !self.started.get())
                .prop("value", chosen)
                .on(ev::change, move |event| {
                    let value = event_target_value(&event);
                    self.client.get().set_access_lifetime(value.parse().ok());
                    chosen.set(value);
                    self.refresh();
                })
                .child(options.into_iter().collect_view()),
        ))
    }

    fn refresh_ahead(self) -> impl IntoView {
        let on = RwSignal::new(true);
        Effect::new(move || on.set(self.client.get().refreshes_before_expiry()));
        div().class("c-field").child((
            input()
                .r#type("checkbox")
                .id("refresh-ahead")
                .disabled(move || !self.started.get())
                .checked(true)
                .prop("checked", on)
                .on(ev::change, move |event| {
                    let ahead = event_target_checked(&event);
                    self.client.get().set_refreshes_before_expiry(ahead);
                    on.set(ahead);
                }),
            label()
                .r#for("refresh-ahead")
                .child("Refresh ahead of expiry"),
        ))
    }
}
