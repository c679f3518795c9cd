//! Forms, and commands that ask for confirmation and report to the status line of a page.

use std::future::Future;
use std::pin::Pin;

use latchkey_web::components::confirm::{ConfirmAction, ConfirmGroup};
use latchkey_web::erased::{client_only, dynamic, dynamic_text, empty};
use leptos::ev;
use leptos::html::{button, div, form as form_element, p};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlElement;

use crate::api::Failure;
use crate::field::Field;

/// The id of the status line.
const STATUS_ID: &str = "status";

/// A request that a form or a button sends. Its result is the message for the status line.
pub(crate) type Command = Pin<Box<dyn Future<Output = Result<String, Failure>>>>;

/// Boxes a command.
pub(crate) fn command(future: impl Future<Output = Result<String, Failure>> + 'static) -> Command {
    Box::pin(future)
}

/// The status line of a page and the commands that report to it. One command runs at a time. Of the
/// buttons outside forms, at most one asks for confirmation at a time.
#[derive(Clone, Copy)]
pub(crate) struct Commands {
    status: RwSignal<String>,
    pending: RwSignal<Option<String>>,
    confirm: ConfirmGroup,
    /// Runs after each command that succeeded, to load the data again.
    done: Callback<()>,
}

impl Commands {
    /// Creates the status line. `done` runs after each command that succeeded.
    pub(crate) fn new(done: impl Fn() + Send + Sync + 'static) -> Self {
        let pending = RwSignal::new(None);
        Self {
            status: RwSignal::default(),
            pending,
            confirm: ConfirmGroup::new(pending.into()),
            done: Callback::new(move |()| done()),
        }
    }

    /// The status line.
    pub(crate) fn status_line(self) -> AnyView {
        client_only(
            p().id(STATUS_ID)
                .role("status")
                .tabindex("-1")
                .class("p-console-status")
                .child(dynamic_text(move || self.status.get())),
        )
    }

    /// A button that asks for confirmation and then runs a command.
    pub(crate) fn button(
        self,
        action: ConfirmAction,
        run: impl Fn() -> Command + Send + Sync + 'static,
    ) -> AnyView {
        let key = action.key.clone();
        let on_confirm = Callback::new(move |()| {
            let command = run();
            self.run(key.clone(), command, &[]);
        });
        self.confirm.button(action, on_confirm)
    }

    /// A form with a button that asks for confirmation. `prepare` checks the fields; it returns the
    /// command, or `None` if a field is not valid.
    pub(crate) fn form(
        self,
        action: ConfirmAction,
        fields: &[Field],
        inputs: Vec<AnyView>,
        prepare: impl Fn() -> Option<Command> + Send + Sync + 'static,
    ) -> AnyView {
        let fields = fields.to_vec();
        let asking = RwSignal::new(false);
        let ConfirmAction {
            key,
            label,
            name,
            question,
            busy,
        } = action;
        let is_pending = {
            let key = key.clone();
            Memo::new(move |_| self.pending.with(|it| it.as_ref() == Some(&key)))
        };
        // The user confirms the values that will be sent: if one changes, ask again.
        let values = fields.clone();
        Effect::new(move || {
            for field in &values {
                field.value.track();
            }
            asking.set(false);
        });
        let submit = move |event: ev::SubmitEvent| {
            event.prevent_default();
            if self.pending.with_untracked(Option::is_some) {
                return;
            }
            let Some(command) = prepare() else {
                asking.set(false);
                focus_first_invalid();
                return;
            };
            if asking.get_untracked() {
                asking.set(false);
                self.run(key.clone(), command, &fields);
            } else {
                asking.set(true);
            }
        };
        let text = move || match (is_pending.get(), asking.get()) {
            (true, _) => busy,
            (false, true) => question,
            (false, false) => label,
        };
        let class = move || {
            if asking.get() {
                "c-button c-button-danger"
            } else {
                "c-button"
            }
        };
        let cancel = move || {
            if !asking.get() {
                return empty();
            }
            client_only(
                button()
                    .r#type("button")
                    .class("c-button")
                    .on(ev::click, move |event| {
                        // This button is about to be removed: move the focus to the one beside it.
                        let this: web_sys::Element = event_target(&event);
                        if let Some(beside) = this.previous_element_sibling() {
                            let _ = beside.unchecked_into::<HtmlElement>().focus();
                        }
                        asking.set(false);
                    })
                    .child("Cancel"),
            )
        };
        client_only(
            form_element()
                .class("p-console-form")
                .aria_label(name)
                .novalidate(true)
                .on(ev::submit, submit)
                .on(ev::keydown, |event| {
                    // A key that is held down must not confirm.
                    if event.repeat() && event.key() == "Enter" {
                        event.prevent_default();
                    }
                })
                .child((
                    inputs,
                    div().class("c-confirm").aria_live("polite").child((
                        button()
                            .r#type("submit")
                            .class(class)
                            .on(ev::click, move |event| {
                                // The second click of a double click must not confirm.
                                if asking.get_untracked() && event.detail() > 1 {
                                    event.prevent_default();
                                }
                            })
                            .disabled(move || self.pending.with(Option::is_some))
                            .child(dynamic_text(move || text().to_owned())),
                        dynamic(cancel),
                    )),
                )),
        )
    }

    fn run(self, key: String, command: Command, fields: &[Field]) {
        self.pending.set(Some(key));
        self.status.set(String::new());
        let fields = fields.to_vec();
        spawn_local(async move {
            let result = command.await;
            if self.status.is_disposed() {
                // The user has left this page.
                return;
            }
            self.pending.set(None);
            match result {
                Ok(message) => {
                    for field in fields {
                        field.check(true, "");
                    }
                    self.status.set(message);
                    self.done.run(());
                    focus(STATUS_ID);
                }
                Err(failure) => {
                    let at_field = show_at_fields(&failure, &fields);
                    if at_field {
                        focus_first_invalid();
                    } else {
                        self.status.set(failure.message());
                        focus(STATUS_ID);
                    }
                }
            }
        });
    }
}

/// Shows the errors in the response at their fields. Returns whether any of `fields` has an error.
fn show_at_fields(failure: &Failure, fields: &[Field]) -> bool {
    let Failure::Refused { fields: errors, .. } = failure else {
        return false;
    };
    let mut shown = false;
    for error in errors {
        if let Some(field) = fields.iter().find(|field| field.name == error.field) {
            field.check(false, &error.message);
            shown = true;
        }
    }
    shown
}

/// A form that filters a list. `apply` runs when the form is submitted.
pub(crate) fn filter_form(
    name: &'static str,
    inputs: Vec<AnyView>,
    apply: impl Fn() + 'static,
) -> AnyView {
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        apply();
    };
    client_only(
        form_element()
            .class("c-card p-console-filter")
            .role("search")
            .aria_label(name)
            .on(ev::submit, submit)
            .child((
                inputs,
                div().class("p-console-field").child(
                    button()
                        .r#type("submit")
                        .class("c-button c-button-primary")
                        .child("Apply"),
                ),
            )),
    )
}

/// Moves the focus after the page has been updated.
fn focus(id: &'static str) {
    request_animation_frame(move || {
        if let Some(element) = document().get_element_by_id(id) {
            let _ = element.unchecked_into::<HtmlElement>().focus();
        }
    });
}

fn focus_first_invalid() {
    request_animation_frame(|| {
        let found = document().query_selector("[aria-invalid=true]");
        if let Ok(Some(element)) = found {
            let _ = element.unchecked_into::<HtmlElement>().focus();
        }
    });
}
