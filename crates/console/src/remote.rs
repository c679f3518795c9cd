//! Data that a page requests from the server, and its view: loading, loaded or failed.

use std::sync::Arc;

use latchkey_web::components::skeleton::skeleton;
use latchkey_web::erased::{client_only, dynamic, empty};
use leptos::ev;
use leptos::html::{button, div, p, section};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::de::DeserializeOwned;

use crate::api::{self, Failure};
use crate::host::Host;

/// The latest response for a path that may change.
pub(crate) struct Remote<T: Send + Sync + 'static> {
    value: RwSignal<Option<Result<Arc<T>, Failure>>>,
    busy: RwSignal<bool>,
    requests: RwSignal<u32>,
}

impl<T: Send + Sync + 'static> Clone for Remote<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Remote<T> {}

impl<T: DeserializeOwned + Send + Sync + 'static> Remote<T> {
    /// Requests `path` now, and again when it changes.
    pub(crate) fn new(path: impl Fn() -> String + Send + Sync + 'static) -> Self {
        let host = Host::expect();
        let remote = Self {
            value: RwSignal::new(None),
            busy: RwSignal::new(true),
            requests: RwSignal::new(0),
        };
        let path = Memo::new(move |_| path());
        let latest = StoredValue::new(0_u32);
        Effect::new(move || {
            remote.requests.track();
            let path = path.get();
            let number = latest.get_value() + 1;
            latest.set_value(number);
            remote.busy.set(true);
            spawn_local(async move {
                let result = api::get::<T>(host, &path).await;
                // A later request has been sent, or the page was closed.
                if latest.try_get_value() != Some(number) {
                    return;
                }
                remote.busy.set(false);
                // If a step-up is required, keep showing the data that was loaded before.
                let keeps = matches!(result, Err(Failure::StepUp))
                    && remote.value.with_untracked(|it| matches!(it, Some(Ok(_))));
                if !keeps {
                    remote.value.set(Some(result.map(Arc::new)));
                }
            });
        });
        remote
    }

    /// The data, if it is loaded.
    pub(crate) fn get(self) -> Option<Arc<T>> {
        self.value.get()?.ok()
    }

    /// Requests the path again. The current data stays until the response arrives.
    pub(crate) fn refetch(self) {
        self.requests.update(|requests| *requests += 1);
    }

    /// The data as a view; a skeleton while it loads, or an error and a button to try again.
    pub(crate) fn view(
        self,
        waiting: &'static str,
        loaded: impl Fn(&T) -> AnyView + Send + Sync + 'static,
    ) -> AnyView {
        client_only(
            div()
                .class("p-console-remote")
                .aria_busy(move || self.busy.get().to_string())
                .child(dynamic(move || match self.value.get() {
                    Some(Ok(value)) => untrack(|| loaded(&value)),
                    Some(Err(Failure::StepUp)) => empty(),
                    Some(Err(failure)) => self.error_card(&failure),
                    None => client_only(section().class("c-card").child(skeleton(waiting, 5))),
                })),
        )
    }

    fn error_card(self, failure: &Failure) -> AnyView {
        let retry = move |_| {
            self.value.set(None);
            self.refetch();
        };
        client_only(
            section().class("c-card c-error-card").child((
                p().role("alert").child(failure.message()),
                button()
                    .r#type("button")
                    .class("c-button")
                    .on(ev::click, retry)
                    .child("Try again"),
            )),
        )
    }
}
