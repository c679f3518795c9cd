//! A form that a script submits: labeled fields with their errors, a message about the whole form,
//! and the button.
//!
//! The fields keep what was typed until the server has accepted it. The button is disabled until the
//! app has started, because otherwise the browser would post the values to the URL of the page.

use std::pin::Pin;
use std::sync::Arc;

use latchkey_client::{Client, FormError};
use latchkey_types::FieldError;
use leptos::ev;
use leptos::html::{button, div, form, input, label, p};
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlElement, HtmlInputElement};

use crate::auth_client::AuthClient;
use crate::erased::{client_only, dynamic, dynamic_text, empty, erased};
use crate::messages;

/// A field of a form.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    /// The name, as in the request and in the errors of the response.
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    /// The attribute `type`.
    pub(crate) kind: &'static str,
    /// The attribute `autocomplete`, which tells password managers what the field is for.
    pub(crate) autocomplete: &'static str,
    /// The hint below the input; empty if there is none.
    pub(crate) hint: &'static str,
    /// The error to show if the field is empty; `None` if the field is optional.
    pub(crate) required: Option<&'static str>,
}

impl Field {
    /// The username of an existing account.
    pub(crate) const USERNAME: Self = Self {
        name: "username",
        label: "Username",
        kind: "text",
        autocomplete: "username",
        hint: "",
        required: Some("Enter your username."),
    };

    /// The password of an existing account.
    pub(crate) const PASSWORD: Self = Self {
        name: "password",
        label: "Password",
        kind: "password",
        autocomplete: "current-password",
        hint: "",
        required: Some("Enter your password."),
    };

    /// A password to set.
    pub(crate) const NEW_PASSWORD: Self = Self {
        name: "new_password",
        label: "New password",
        kind: "password",
        autocomplete: "new-password",
        hint: "At least 8 characters. Several words that you do not use elsewhere make a good \
               password.",
        required: Some("Choose a password."),
    };
}

/// The values of the fields of a form, by name.
#[derive(Clone, Default)]
pub(crate) struct Values(Vec<(&'static str, String)>);

impl Values {
    /// The value of a field; empty if there is no such field.
    pub(crate) fn get(&self, name: &str) -> String {
        let value = self.0.iter().find(|(field, _)| *field == name);
        value.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// The value without whitespace around it, if anything is left.
    pub(crate) fn optional(&self, name: &str) -> Option<String> {
        let value = self.get(name).trim().to_owned();
        (!value.is_empty()).then_some(value)
    }
}

/// A pending submission.
pub(crate) type Submitting = Pin<Box<dyn Future<Output = Result<(), FormError>>>>;

/// What a form consists of and does.
pub(crate) struct FormSpec {
    /// The prefix of the ids of its elements, unique on the page.
    pub(crate) id: &'static str,
    /// Its accessible name.
    pub(crate) label: &'static str,
    pub(crate) fields: &'static [Field],
    /// The label of the button.
    pub(crate) submit: &'static str,
    /// The label of the button while a submission is pending.
    pub(crate) busy: &'static str,
    /// Sends the values.
    pub(crate) send: Arc<dyn Fn(Client, Values) -> Submitting + Send + Sync>,
    /// Called after the server has accepted the values.
    pub(crate) done: Callback<()>,
}

/// The state of a form, which its parts share.
#[derive(Clone, Copy)]
struct FormState {
    id: &'static str,
    fields: &'static [Field],
    errors: RwSignal<Vec<FieldError>>,
    /// The error that concerns no single field; empty if there is none.
    message: RwSignal<&'static str>,
    submit: Action<Values, ()>,
}

impl FormSpec {
    /// The form.
    pub(crate) fn view(self) -> AnyView {
        let client = AuthClient::expect();
        let (errors, message) = (RwSignal::new(Vec::new()), RwSignal::new(""));
        let (send, done) = (self.send, self.done);
        let (id, fields) = (self.id, self.fields);
        let submit = Action::new_unsync(move |values: &Values| {
            let submitting = send(client.get(), values.clone());
            async move {
                let result = submitting.await;
                if message.is_disposed() {
                    // The user has left this page.
                    return;
                }
                match result {
                    Ok(()) => {
                        clear(id, fields);
                        done.run(());
                    }
                    Err(FormError::Fields(found)) => {
                        show_errors(id, fields, errors, message, found);
                    }
                    Err(error) => message.set(messages::form(&error)),
                }
            }
        });
        let state = FormState {
            id,
            fields,
            errors,
            message,
            submit,
        };
        let started = RwSignal::new(false);
        Effect::new(move || started.set(true));
        let pending = submit.pending();
        let (label, busy) = (self.submit, self.busy);
        let inputs = fields.iter().map(|field| state.field(*field));
        erased(
            form()
                .class("c-form")
                .aria_label(self.label)
                .method("post")
                .novalidate(true)
                .on(ev::submit, move |event| {
                    event.prevent_default();
                    state.submit();
                })
                .child((
                    dynamic(move || state.alert()),
                    inputs.collect_view(),
                    button()
                        .r#type("submit")
                        .class("c-button c-button-primary")
                        .disabled(move || !started.get() || pending.get())
                        .child(dynamic_text(move || {
                            let text = if pending.get() { busy } else { label };
                            text.to_owned()
                        })),
                )),
        )
    }
}

impl FormState {
    fn submit(self) {
        if self.submit.pending().get_untracked() {
            return;
        }
        let values = values(self.id, self.fields);
        self.message.set("");
        let missing = self.fields.iter().filter_map(|field| {
            let message = field.required?;
            values.optional(field.name).is_none().then(|| FieldError {
                field: field.name.to_owned(),
                message: message.to_owned(),
            })
        });
        let missing: Vec<_> = missing.collect();
        if missing.is_empty() {
            self.errors.set(Vec::new());
            self.submit.dispatch(values);
        } else {
            show_errors(self.id, self.fields, self.errors, self.message, missing);
        }
    }

    /// The message about the whole form. It is added only when needed, so that screen readers
    /// announce it.
    fn alert(self) -> AnyView {
        match self.message.get() {
            "" => empty(),
            message => client_only(p().role("alert").class("c-form-alert").child(message)),
        }
    }

    fn field(self, field: Field) -> AnyView {
        let id = element_id(self.id, field.name);
        let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
        let errors = self.errors;
        let error = Memo::new(move |_| {
            errors.with(|errors| {
                let found = errors.iter().find(|error| error.field == field.name);
                found.map_or_else(String::new, |error| sentence(&error.message))
            })
        });
        let described_by = {
            let (hint_id, error_id) = (hint_id.clone(), error_id.clone());
            move || {
                let hint = (!field.hint.is_empty()).then_some(hint_id.as_str());
                let error = error.with(|error| !error.is_empty());
                let ids = hint.into_iter().chain(error.then_some(error_id.as_str()));
                let ids: Vec<_> = ids.collect();
                (!ids.is_empty()).then(|| ids.join(" "))
            }
        };
        let hint = (!field.hint.is_empty()).then(|| {
            p().id(hint_id.clone())
                .class("c-form-hint")
                .child(field.hint)
        });
        let error_text = move || match error.get() {
            text if text.is_empty() => empty(),
            text => client_only(p().id(error_id.clone()).class("c-form-error").child(text)),
        };
        erased(
            div().class("c-form-field").child((
                label().r#for(id.clone()).child(field.label),
                input()
                    .id(id)
                    .class("c-input")
                    .name(field.name)
                    .r#type(field.kind)
                    .autocomplete(field.autocomplete)
                    .attr("autocapitalize", "none")
                    .attr("spellcheck", "false")
                    .aria_required((field.required.is_some()).then_some("true"))
                    .aria_invalid(move || error.with(|error| !error.is_empty()).then_some("true"))
                    .aria_describedby(described_by),
                hint,
                dynamic(error_text),
            )),
        )
    }
}

/// Shows the errors at their fields and moves the focus to the first. If the form has none of the
/// fields, shows a message above the form.
fn show_errors(
    id: &'static str,
    fields: &'static [Field],
    errors: RwSignal<Vec<FieldError>>,
    message: RwSignal<&'static str>,
    found: Vec<FieldError>,
) {
    let is_shown = |error: &FieldError| fields.iter().any(|field| field.name == error.field);
    if !found.iter().any(is_shown) {
        message.set(messages::FORM_REFUSED);
    }
    let has_error = |field: &&Field| found.iter().any(|error| error.field == field.name);
    let first = fields.iter().find(has_error).map(|field| field.name);
    errors.set(found);
    if let Some(element) = first.and_then(|name| element(id, name)) {
        let _ = element.unchecked_ref::<HtmlElement>().focus();
    }
}

fn values(id: &str, fields: &[Field]) -> Values {
    let value = |field: &Field| Some((field.name, element(id, field.name)?.value()));
    Values(fields.iter().filter_map(value).collect())
}

/// Empties the fields, so that no password stays in the page.
fn clear(id: &str, fields: &[Field]) {
    for field in fields {
        if let Some(element) = element(id, field.name) {
            element.set_value("");
        }
    }
}

fn element(form: &str, field: &str) -> Option<HtmlInputElement> {
    let element = document().get_element_by_id(&element_id(form, field))?;
    element.dyn_into().ok()
}

fn element_id(form: &str, field: &str) -> String {
    format!("{form}-{field}")
}

/// The message of the server as a sentence.
fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    let mut text: String = first.chain(chars).collect();
    if !text.is_empty() && !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn messages_of_the_server_become_sentences() {
        assert_eq!(sentence("the password is wrong"), "The password is wrong.");
        assert_eq!(sentence("Enter your username."), "Enter your username.");
        assert_eq!(sentence(""), "");
    }
}
