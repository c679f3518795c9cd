//! A field of a form: it keeps what was typed and shows what is wrong.

use latchkey_web::erased::{client_only, dynamic_text};
use leptos::ev;
use leptos::html::{div, input, label as label_element, option, p, select};
use leptos::prelude::*;

use crate::draft;

/// A field of a form.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    label: &'static str,
    pub(crate) value: RwSignal<String>,
    error: RwSignal<String>,
}

impl Field {
    /// A field with this initial value. `name` is its name in the API, and unique in its page.
    pub(crate) fn new(name: &'static str, label: &'static str, value: String) -> Self {
        let value = RwSignal::new(value);
        draft::register(name, value);
        Self {
            name,
            label,
            value,
            error: RwSignal::default(),
        }
    }

    /// An empty field whose value is not kept across a step-up, because it may be a secret.
    pub(crate) fn secret(name: &'static str, label: &'static str) -> Self {
        Self {
            name,
            label,
            value: RwSignal::default(),
            error: RwSignal::default(),
        }
    }

    /// The value without surrounding space.
    pub(crate) fn get(self) -> String {
        self.value.with_untracked(|value| value.trim().to_owned())
    }

    /// Clears the error if the value is valid, and sets it otherwise. Returns `is_valid`.
    pub(crate) fn check(self, is_valid: bool, error: &str) -> bool {
        let error = if is_valid { "" } else { error };
        self.error.set(error.to_owned());
        is_valid
    }

    fn id(self) -> String {
        format!("field-{}", self.name)
    }

    /// The field as an input of this type.
    pub(crate) fn input(self, kind: &'static str, hint: &'static str) -> AnyView {
        let control = input()
            .id(self.id())
            .class("c-input")
            .name(self.name)
            .r#type(kind)
            .autocomplete("off")
            .aria_invalid(self.invalid())
            .aria_describedby(self.described_by())
            .prop("value", move || self.value.get())
            .on(ev::input, move |event| {
                self.value.set(event_target_value(&event));
            });
        self.labeled(client_only(control), hint)
    }

    /// The field as a drop-down list; each option is a value and its label.
    pub(crate) fn select<'a>(
        self,
        options: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> AnyView {
        let current = self.value.get_untracked();
        let mut options: Vec<(String, String)> = options
            .into_iter()
            .map(|(value, label)| (value.to_owned(), label.to_owned()))
            .collect();
        // A value from the URL might not be in the list.
        if !options.iter().any(|(value, _)| *value == current) {
            options.push((current.clone(), current.clone()));
        }
        let options = options.into_iter().map(|(value, label)| {
            let selected = value == current;
            option().value(value).selected(selected).child(label)
        });
        let control = select()
            .id(self.id())
            .class("c-input")
            .name(self.name)
            .aria_describedby(self.described_by())
            .on(ev::change, move |event| {
                self.value.set(event_target_value(&event));
            })
            .child(options.collect_view());
        self.labeled(client_only(control), "")
    }

    fn labeled(self, control: AnyView, hint: &'static str) -> AnyView {
        let hint = (!hint.is_empty()).then(|| {
            p().id(format!("{}-hint", self.id()))
                .class("c-hint")
                .child(hint)
        });
        client_only(
            div().class("p-console-field").child((
                label_element().r#for(self.id()).child(self.label),
                control,
                p().id(format!("{}-error", self.id()))
                    .class("p-console-field-error")
                    .child(dynamic_text(move || self.error.get())),
                hint,
            )),
        )
    }

    fn invalid(self) -> impl Fn() -> &'static str {
        move || {
            if self.error.with(String::is_empty) {
                "false"
            } else {
                "true"
            }
        }
    }

    fn described_by(self) -> String {
        let id = self.id();
        format!("{id}-error {id}-hint")
    }
}
