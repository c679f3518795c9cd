//! The functions that the page around the console provides. `crates/web/src/pages/admin/host.rs`
//! implements them.

use js_sys::{Array, Function, Object, Promise, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::draft;

/// The functions of the page around the console, as a context.
#[derive(Clone, Copy)]
pub(crate) struct Host {
    object: StoredValue<Object, LocalStorage>,
    /// Whether a request failed because the user must first sign in again.
    pub(crate) needs_step_up: RwSignal<bool>,
}

/// A response of the server.
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: String,
}

impl Host {
    /// Provides the functions to child components.
    pub(crate) fn provide(object: Object) -> Self {
        let host = Self {
            object: StoredValue::new_local(object),
            needs_step_up: RwSignal::new(false),
        };
        provide_context(host);
        host
    }

    /// The provided functions.
    pub(crate) fn expect() -> Self {
        expect_context()
    }

    /// Sends a request with the access token. If there is no response, the error is a message for
    /// the user.
    pub(crate) async fn call(
        self,
        method: &str,
        path: &str,
        json: Option<String>,
    ) -> Result<Reply, String> {
        let json = json.map_or(JsValue::UNDEFINED, JsValue::from);
        let arguments = [method.into(), path.into(), json];
        let outcome = self.promise("call", &arguments).await;
        let outcome = outcome.unwrap_or_else(|_| "This page was closed.".into());
        if let Some(message) = outcome.as_string() {
            return Err(message);
        }
        let parts: Array = outcome.unchecked_into();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an HTTP status"
        )]
        let status = parts.get(0).as_f64().unwrap_or_default() as u16;
        let body = parts.get(1).as_string().unwrap_or_default();
        Ok(Reply { status, body })
    }

    /// Goes to a path of this site, without loading a document.
    pub(crate) fn navigate(self, url: &str) {
        let _ = self.apply("navigate", &[url.into(), false.into()]);
    }

    /// Starts a new sign-in that returns to this page. What was typed is kept. Returns whether the
    /// sign-in could be started.
    pub(crate) async fn step_up(self) -> bool {
        let location = window().location();
        let path = location.pathname().unwrap_or_default();
        let url = path + &location.search().unwrap_or_default();
        draft::save(&url);
        let started = self.promise("stepUp", &[url.as_str().into()]).await;
        started.is_ok_and(|started| started.is_truthy())
    }

    async fn promise(self, name: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
        let promise = self.apply(name, arguments)?;
        JsFuture::from(Promise::resolve(&promise)).await
    }

    fn apply(self, name: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
        let object = self.object.try_get_value().ok_or(JsValue::UNDEFINED)?;
        let function: Function = Reflect::get(&object, &name.into())?.dyn_into()?;
        function.apply(&object, &arguments.iter().collect::<Array>())
    }
}
