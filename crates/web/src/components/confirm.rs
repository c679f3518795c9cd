//! A button that asks before it acts: the first press turns it into the question, the second
//! answers it.

use leptos::ev;
use leptos::html::{button, div};
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlElement;

use crate::piece::{late, live, nothing, words};

/// The buttons of one page: at most one of them asks, and at most one acts.
#[derive(Clone, Copy)]
pub(crate) struct Confirm {
    /// The key of the button that asks; empty if none does.
    asking: RwSignal<String>,
    /// The key of the button that acts; empty if none does.
    pub(crate) acting: RwSignal<String>,
}

/// One of them.
pub(crate) struct Deed {
    /// Tells it from the others.
    pub(crate) key: String,
    /// What it says.
    pub(crate) label: &'static str,
    /// What it is called where the label alone would not tell; empty if it does.
    pub(crate) name: String,
    /// What it asks.
    pub(crate) question: &'static str,
    /// What it says while it acts.
    pub(crate) busy: &'static str,
}

impl Confirm {
    /// None asks, none acts.
    pub(crate) fn new() -> Self {
        Self {
            asking: RwSignal::default(),
            acting: RwSignal::default(),
        }
    }

    /// The button, and beside it, while it asks, the one that takes it back.
    pub(crate) fn button(self, deed: Deed, act: impl Fn() + 'static) -> AnyView {
        let Self { asking, acting } = self;
        let Deed {
            key,
            label,
            name,
            question,
            busy,
        } = deed;
        let asks = {
            let key = key.clone();
            Memo::new(move |_| asking.with(|asking| *asking == key))
        };
        let acts = {
            let key = key.clone();
            Memo::new(move |_| acting.with(|acting| *acting == key))
        };
        let says = move || match (acts.get(), asks.get()) {
            (true, _) => busy,
            (false, true) => question,
            (false, false) => label,
        };
        let called = move || {
            if name.is_empty() {
                says().to_owned()
            } else if asks.get() {
                format!("{question} {name}")
            } else {
                name.clone()
            }
        };
        let class = move || {
            if asks.get() {
                "button danger"
            } else {
                "button"
            }
        };
        let press = move |event: ev::MouseEvent| {
            if !asks.get_untracked() {
                asking.set(key.clone());
            } else if event.detail() < 2 {
                // Not the second half of a double click.
                asking.set(String::new());
                act();
            }
        };
        late(
            div().class("confirm").aria_live("polite").child((
                button()
                    .r#type("button")
                    .class(class)
                    .disabled(move || !acting.with(String::is_empty))
                    .aria_label(called)
                    .on(ev::click, press)
                    .child(words(move || says().to_owned())),
                live(move || {
                    if asks.get() {
                        cancel(asking)
                    } else {
                        nothing()
                    }
                }),
            )),
        )
    }
}

fn cancel(asking: RwSignal<String>) -> AnyView {
    late(
        button()
            .r#type("button")
            .class("button")
            .on(ev::click, move |event| {
                // This button is about to vanish; the keyboard goes on at the other one.
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
