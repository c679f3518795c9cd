//! A button that asks before it acts: the first press turns it into the question, the second one
//! confirms.

use leptos::ev;
use leptos::html::{button, div};
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlElement;

use crate::erased::{client_only, dynamic, dynamic_text, empty};

/// What the buttons of one page share: at most one of them asks, and while one acts all are
/// disabled.
#[derive(Clone, Copy)]
pub(crate) struct ConfirmGroup {
    /// The key of the button that asks; empty if none does.
    asking: RwSignal<String>,
    /// The key of the button whose action is pending.
    pending: Signal<Option<String>>,
}

impl ConfirmGroup {
    /// A group whose action is `pending` for the button with that key.
    pub(crate) fn new(pending: Signal<Option<String>>) -> Self {
        Self {
            asking: RwSignal::default(),
            pending,
        }
    }

    /// The button and, while it asks, one to cancel. `on_confirm` runs at the second press.
    pub(crate) fn button(self, action: ConfirmAction, on_confirm: Callback<()>) -> AnyView {
        let Self { asking, pending } = self;
        let ConfirmAction {
            key,
            label,
            name,
            question,
            busy,
        } = action;
        let asks = {
            let key = key.clone();
            Memo::new(move |_| asking.with(|asking| *asking == key))
        };
        let acts = {
            let key = key.clone();
            Memo::new(move |_| pending.with(|pending| pending.as_ref() == Some(&key)))
        };
        let text = move || match (acts.get(), asks.get()) {
            (true, _) => busy,
            (false, true) => question,
            (false, false) => label,
        };
        let accessible_name = move || {
            if name.is_empty() {
                text().to_owned()
            } else if asks.get() {
                format!("{question} {name}")
            } else {
                name.clone()
            }
        };
        let class = move || {
            if asks.get() {
                "c-button c-button-danger"
            } else {
                "c-button"
            }
        };
        let press = move |event: ev::MouseEvent| {
            if !asks.get_untracked() {
                asking.set(key.clone());
            } else if event.detail() < 2 {
                // Not the second half of a double click.
                asking.set(String::new());
                on_confirm.run(());
            }
        };
        client_only(
            div().class("c-confirm").aria_live("polite").child((
                button()
                    .r#type("button")
                    .class(class)
                    .disabled(move || pending.with(Option::is_some))
                    .aria_label(accessible_name)
                    .on(ev::click, press)
                    .child(dynamic_text(move || text().to_owned())),
                dynamic(move || if asks.get() { cancel(asking) } else { empty() }),
            )),
        )
    }
}

/// One of the buttons.
pub(crate) struct ConfirmAction {
    /// Identifies it within its group.
    pub(crate) key: String,
    /// The label.
    pub(crate) label: &'static str,
    /// The accessible name where the label alone is ambiguous; empty if it is not.
    pub(crate) name: String,
    /// The label that asks.
    pub(crate) question: &'static str,
    /// The label while the action is pending.
    pub(crate) busy: &'static str,
}

fn cancel(asking: RwSignal<String>) -> AnyView {
    client_only(
        button()
            .r#type("button")
            .class("c-button")
            .on(ev::click, move |event| {
                // This button is about to be removed; keep the focus on the one beside it.
                let this: web_sys::Element = event_target(&event);
                let other = this.previous_element_sibling();
                if let Some(other) = other.and_then(|other| other.dyn_into::<HtmlElement>().ok()) {
                    let _ = other.focus();
                }
                asking.set(String::new());
            })
            .child("Cancel"),
    )
}
