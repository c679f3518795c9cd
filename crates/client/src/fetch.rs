//! The browser's `fetch`, with a time-out.

use gloo_timers::callback::Timeout;
use js_sys::{JsString, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, RequestCache, RequestCredentials, RequestInit, RequestRedirect,
    Response,
};

use crate::browser;
use crate::transport::{Answer, Incoming, Outgoing, Transport, Unreachable};

/// After this an answer is taken for lost, in milliseconds.
pub(crate) const TIME_OUT: u32 = 10_000;

/// Requests by `fetch`, to this origin alone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fetch;

impl Transport for Fetch {
    fn send(&self, outgoing: Outgoing) -> Answer {
        let begun = begin(&outgoing);
        Box::pin(async move {
            let Ok(Begun { promise, _time_out }) = begun else {
                return Err(Unreachable);
            };
            read(promise).await.map_err(|_| Unreachable)
        })
    }
}

struct Begun {
    promise: Promise,
    /// Aborts the request, body and all, unless it is dropped before.
    _time_out: Timeout,
}

fn begin(outgoing: &Outgoing) -> Result<Begun, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &outgoing.headers {
        headers.set(name, value)?;
    }
    let abort = AbortController::new()?;
    let init = RequestInit::new();
    init.set_method(outgoing.method.as_str());
    init.set_headers(&headers);
    init.set_credentials(RequestCredentials::SameOrigin);
    init.set_cache(RequestCache::NoStore);
    // No endpoint redirects; a network that wants its own sign-in page seen does.
    init.set_redirect(RequestRedirect::Error);
    init.set_signal(Some(&abort.signal()));
    if let Some(body) = &outgoing.body {
        init.set_body(&JsValue::from_str(body));
    }
    if outgoing.keepalive {
        Reflect::set(&init, &"keepalive".into(), &true.into())?;
    }
    let window = browser::window().ok_or(JsValue::NULL)?;
    Ok(Begun {
        promise: window.fetch_with_str_and_init(&outgoing.path, &init),
        _time_out: Timeout::new(TIME_OUT, move || abort.abort()),
    })
}

async fn read(promise: Promise) -> Result<Incoming, JsValue> {
    let response: Response = JsFuture::from(promise).await?.dyn_into()?;
    let retry_after = response.headers().get("Retry-After")?;
    let body = JsFuture::from(response.text()?).await?;
    Ok(Incoming {
        status: response.status(),
        retry_after: retry_after.and_then(|seconds| seconds.parse().ok()),
        body: JsString::from(body).into(),
    })
}
