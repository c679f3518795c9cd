//! A button that asks for confirmation: the first press shows a question, the second press confirms.

use leptos::ev;
use leptos::html::{button, div};
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlElement;

use crate::erased::{client_only, dynamic, dynamic_text, empty};

/// The shared state of the buttons of a page: at most one button asks for confirmation, and all are
/// disabled while an action is pending.
#[derive(Clone, Copy)]
pub struct ConfirmGroup {
    /// The key of the button that asks for confirmation; empty if none does.
    asking: RwSignal<String>,
    /// The key of the button whose action is pending.
    pending: Signal<Option<String>>,
}

impl ConfirmGroup {
    /// Creates a group. `pending` is the key of the button whose action is pending.
    pub fn new(pending: Signal<Option<String>>) -> Self {
        Self {
            asking: RwSignal::default(),
            pending,
        }
    }

    /// The button and, while it asks for confirmation, a cancel button. `on_confirm` runs at the second
    /// press.
    pub fn button(self, action: ConfirmAction, on_confirm: Callback<()>) -> AnyView {
        let Self { asking, pending } = self;
        let ConfirmAction {
            key,
            label,
            name,
            question,
            busy,
        } = action;
        let is_asking = {
            let key = key.clone();
            Memo::new(move |_| asking.with(|asking| *asking == key))
        };
        let is_pending = {
            let key = key.clone();
            Memo::new(move |_| pending.with(|pending| pending.as_ref() == Some(&key)))
        };
        let text = move || match (is_pending.get(), is_asking.get()) {
            (true, _) => busy,
            (false, true) => question,
            (false, false) => label,
        };
        let accessible_name = move || {
            let text = text();
            if name.is_empty() {
                text.to_owned()
            } else {
                format!("{text} {name}")
            }
        };
        let class = move || {
            if is_asking.get() {
                "c-button c-button-danger"
            } else {
                "c-button"
            }
        };
        let press = move |event: ev::MouseEvent| {
            if !is_asking.get_untracked() {
                asking.set(key.clone());
            } else if event.detail() < 2 {
                // Ignore the second click of a double click.
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
                dynamic(move || {
                    if is_asking.get() {
                        cancel_button(asking)
                    } else {
                        empty()
                    }
                }),
            )),
        )
    }
}

/// The key and the labels of a button.
pub struct ConfirmAction {
    /// Identifies the button within its group.
    pub key: String,
    /// The label.
    pub label: &'static str,
    /// What the action applies to, if the label alone is ambiguous, otherwise empty. The accessible
    /// name is the label followed by this, so that it begins with the visible text.
    pub name: String,
    /// The label that asks for confirmation.
    pub question: &'static str,
    /// The label while the action is pending.
    pub busy: &'static str,
}

fn cancel_button(asking: RwSignal<String>) -> AnyView {
    client_only(
        button()
            .r#type("button")
            .class("c-button")
            .on(ev::click, move |event| {
                // This button is about to be removed: move the focus to the button beside it.
                let this: web_sys::Element = event_target(&event);
                let beside = this.previous_element_sibling();
                if let Some(beside) = beside.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
                    let _ = beside.focus();
                }
                asking.set(String::new());
            })
            .child("Cancel"),
    )
}
