//! What this page does for the console: requests with the access token, navigation, step-up. The
//! console's side is `crates/console/src/host.rs`.

use std::pin::Pin;

use js_sys::{Array, Object, Promise, Reflect};
use latchkey_client::{Call, CallError, Client, Method};
use leptos_router::NavigateOptions;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::future_to_promise;

use crate::{messages, step_up};

/// The functions, as an object for JavaScript.
pub(super) struct Host {
    object: Object,
    _call: Closure<dyn Fn(String, String, JsValue) -> Promise>,
    _navigate: Closure<dyn Fn(String, bool)>,
    _step_up: Closure<dyn Fn(String) -> Promise>,
}

impl Host {
    /// Creates functions that use this client and this router.
    pub(super) fn new(client: Client, navigate: impl Fn(&str, NavigateOptions) + 'static) -> Self {
        let call = {
            let client = client.clone();
            Closure::new(move |method: String, path: String, json: JsValue| {
                let call = Call {
                    method: method_of(&method),
                    path,
                    with_token: true,
                    json: json.as_string(),
                };
                let client = client.clone();
                promise(async move { outcome(client.call(call).await) })
            })
        };
        let navigate = Closure::new(move |url: String, replace: bool| {
            let options = NavigateOptions {
                replace,
                scroll: false,
                ..Default::default()
            };
            navigate(&url, options);
        });
        let step_up = Closure::new(move |return_to: String| {
            let client = client.clone();
            promise(async move { begin_step_up(&client, &return_to).await.is_some().into() })
        });
        let object = Object::new();
        for (name, function) in [
            ("call", call.as_ref()),
            ("navigate", navigate.as_ref()),
            ("stepUp", step_up.as_ref()),
        ] {
            let _ = Reflect::set(&object, &name.into(), function);
        }
        Self {
            object,
            _call: call,
            _navigate: navigate,
            _step_up: step_up,
        }
    }

    /// The object with the functions.
    pub(super) const fn object(&self) -> &Object {
        &self.object
    }
}

/// A promise for a future, which is boxed so that the conversion is compiled once.
fn promise(future: impl Future<Output = JsValue> + 'static) -> Promise {
    let future: Pin<Box<dyn Future<Output = JsValue>>> = Box::pin(future);
    future_to_promise(async move { Ok(future.await) })
}

fn method_of(name: &str) -> Method {
    match name {
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        _ => Method::Get,
    }
}

/// `[status, body]`, or a message if there is no response.
fn outcome(result: Result<latchkey_client::Response, CallError>) -> JsValue {
    match result {
        Ok(response) => Array::of2(&response.status.into(), &response.body.into()).into(),
        Err(error) => messages::call(error).into(),
    }
}

/// Lets the user sign in again, with the provider of this session or, for a local account, on a page
/// of this app, and then returns to `return_to`. `None` if that is not possible.
async fn begin_step_up(client: &Client, return_to: &str) -> Option<()> {
    let sessions = client.sessions().await.ok()?;
    let current = sessions.into_iter().find(|session| session.current)?;
    let account = client.tokens()?.account?;
    step_up::go(&current.provider, &account, return_to)
}
