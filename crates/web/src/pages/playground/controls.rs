//! The buttons, the lifetime of access tokens, and the switch for refreshing ahead of expiry.

use latchkey_client::{Call, Method, Notice};
use latchkey_types::paths;
use leptos::ev;
use leptos::html::{button, div, h2, input, label, option, section, select};
use leptos::prelude::*;

use crate::auth_client::AuthClient;
use crate::erased::erased;
use crate::session::Session;

/// The number of requests that "30 calls at once" sends.
const PARALLEL_CALLS: usize = 30;

/// The lifetimes to choose from: seconds and label.
const LIFETIMES: [(&str, &str); 4] = [
    ("", "As configured"),
    ("5", "5 seconds"),
    ("15", "15 seconds"),
    ("60", "60 seconds"),
];

/// The action of a button.
#[derive(Clone, Copy)]
enum ButtonAction {
    Unprotected,
    WithoutToken,
    WithToken,
    Parallel,
    Refresh,
    SignOut,
}

/// The state that the controls share.
#[derive(Clone, Copy)]
struct ControlState {
    session: Session,
    client: AuthClient,
    /// Whether the app has started. A click before that would be lost, so all controls are disabled.
    started: RwSignal<bool>,
    /// Sends a request. The timeline shows the response.
    call: Action<Call, ()>,
    sign_out: Action<(), bool>,
}

/// The card with all controls.
#[component]
pub(super) fn Controls() -> impl IntoView {
    let client = AuthClient::expect();
    let started = RwSignal::new(false);
    Effect::new(move || started.set(true));
    let state = ControlState {
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
                    state.button("Call unprotected", ButtonAction::Unprotected),
                    state.button("Call protected without token", ButtonAction::WithoutToken),
                    state.button("Call protected with token", ButtonAction::WithToken),
                    state.button("30 calls at once", ButtonAction::Parallel),
                )),
                div().class("c-button-row").child((
                    state.button("Refresh now", ButtonAction::Refresh),
                    state.button("Sign out", ButtonAction::SignOut),
                )),
                div()
                    .class("p-playground-settings")
                    .child((state.lifetime_select(), state.refresh_ahead_checkbox())),
            )),
    )
}

impl ControlState {
    fn button(self, label: &'static str, action: ButtonAction) -> AnyView {
        erased(
            button()
                .r#type("button")
                .class("c-button")
                .disabled(move || !self.started.get())
                .on(ev::click, move |_| self.run(action))
                .child(label),
        )
    }

    fn run(self, action: ButtonAction) {
        match action {
            ButtonAction::Unprotected => self.call(Call::anonymous(paths::API_ROOT)),
            ButtonAction::WithoutToken => self.call(Call::anonymous(paths::API_PROTECTED)),
            ButtonAction::WithToken => self.call(Call::get(paths::API_PROTECTED)),
            ButtonAction::Parallel => {
                for _ in 0..PARALLEL_CALLS {
                    self.call(Call::get(paths::API_PROTECTED));
                }
            }
            ButtonAction::Refresh => self.refresh(),
            ButtonAction::SignOut => {
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

    fn lifetime_select(self) -> impl IntoView {
        // The client outlives this page and keeps the setting, so its current value is shown.
        let chosen = RwSignal::new(String::new());
        Effect::new(move || {
            let lifetime = self.client.get().access_lifetime();
            chosen.set(
                lifetime
                    .map(|seconds| seconds.to_string())
                    .unwrap_or_default(),
            );
        });
        let options = LIFETIMES.map(|(value, name)| option().value(value).child(name));
        div().class("c-field").child((
            label()
                .r#for("access-lifetime")
                .child("Access token lifetime"),
            select()
                .id("access-lifetime")
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

    fn refresh_ahead_checkbox(self) -> impl IntoView {
        let checked = RwSignal::new(true);
        Effect::new(move || checked.set(self.client.get().refreshes_before_expiry()));
        div().class("c-field").child((
            input()
                .r#type("checkbox")
                .id("refresh-ahead")
                .disabled(move || !self.started.get())
                .checked(true)
                .prop("checked", checked)
                .on(ev::change, move |event| {
                    let ahead = event_target_checked(&event);
                    self.client.get().set_refreshes_before_expiry(ahead);
                    checked.set(ahead);
                }),
            label()
                .r#for("refresh-ahead")
                .child("Refresh ahead of expiry"),
        ))
    }
}
