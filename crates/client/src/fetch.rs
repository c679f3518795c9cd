//! The transport over the browser's `fetch`, with timeouts and streaming.

use gloo_timers::callback::Timeout;
use js_sys::{JsString, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    AbortController, AbortSignal, Headers, ReadableStreamDefaultReader, RequestCache,
    RequestCredentials, RequestInit, RequestRedirect, Response as DomResponse,
};

use crate::browser;
use crate::transport::{
    Listener, Request, Response, ResponseFuture, Stream, StreamEvent, Transport, Unreachable,
};

/// How long to wait for a response, in milliseconds.
pub(crate) const RESPONSE_TIMEOUT: u32 = 10_000;

/// How long a stream may be silent before it is considered dead, in milliseconds. The server sends
/// a keep-alive every 15 seconds.
const STREAM_IDLE_TIMEOUT: u32 = 40_000;

/// Sends requests with `fetch`, to this origin only.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fetch;

impl Transport for Fetch {
    fn send(&self, request: Request) -> ResponseFuture {
        let started = AbortController::new().and_then(|abort| {
            Ok((
                start(&request, &abort.signal())?,
                abort_after(&abort, RESPONSE_TIMEOUT),
            ))
        });
        Box::pin(async move {
            let Ok((promise, _timeout)) = started else {
                return Err(Unreachable);
            };
            read(promise).await.map_err(|_| Unreachable)
        })
    }

    fn stream(&self, request: Request, listener: Listener) -> Stream {
        let Ok(abort) = AbortController::new() else {
            return Stream::default();
        };
        let started = start(&request, &abort.signal());
        let close = abort.clone();
        spawn_local(async move {
            let status = match started {
                Ok(promise) => listen(promise, &abort, &listener).await,
                Err(_) => None,
            };
            listener(StreamEvent::Ended(status));
        });
        Stream::closed_by(move || close.abort())
    }
}

/// Aborts the request, including its body, unless the returned timer is dropped first.
fn abort_after(abort: &AbortController, after: u32) -> Timeout {
    let abort = abort.clone();
    Timeout::new(after, move || abort.abort())
}

fn start(request: &Request, signal: &AbortSignal) -> Result<Promise, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &request.headers {
        headers.set(name, value)?;
    }
    let init = RequestInit::new();
    init.set_method(request.method.as_str());
    init.set_headers(&headers);
    init.set_credentials(RequestCredentials::SameOrigin);
    init.set_cache(RequestCache::NoStore);
    // The server does not redirect these requests, but a captive portal may.
    init.set_redirect(RequestRedirect::Error);
    init.set_signal(Some(signal));
    if let Some(body) = &request.body {
        init.set_body(&JsValue::from_str(body));
    }
    if request.keepalive {
        Reflect::set(&init, &"keepalive".into(), &true.into())?;
    }
    let window = browser::window().ok_or(JsValue::NULL)?;
    Ok(window.fetch_with_str_and_init(&request.path, &init))
}

async fn read(promise: Promise) -> Result<Response, JsValue> {
    let response: DomResponse = JsFuture::from(promise).await?.dyn_into()?;
    let retry_after = response.headers().get("Retry-After")?;
    let nonce = response.headers().get("DPoP-Nonce")?;
    let body = JsFuture::from(response.text()?).await?;
    Ok(Response {
        status: response.status(),
        retry_after: retry_after.and_then(|seconds| seconds.parse().ok()),
        nonce,
        body: JsString::from(body).into(),
    })
}

/// Passes the body to the listener until it ends. Returns the HTTP status.
async fn listen(promise: Promise, abort: &AbortController, listener: &Listener) -> Option<u16> {
    let mut timeout = abort_after(abort, RESPONSE_TIMEOUT);
    let response: DomResponse = JsFuture::from(promise).await.ok()?.dyn_into().ok()?;
    if response.status() == 200
        && let Some(body) = response.body()
    {
        let reader = ReadableStreamDefaultReader::new(&body).ok()?;
        loop {
            timeout.cancel();
            timeout = abort_after(abort, STREAM_IDLE_TIMEOUT);
            let Ok(read) = JsFuture::from(reader.read()).await else {
                break;
            };
            // `value` is missing at the end of the stream.
            let value = Reflect::get(&read, &"value".into()).ok();
            let Some(bytes) = value.and_then(|value| value.dyn_into::<Uint8Array>().ok()) else {
                break;
            };
            listener(StreamEvent::Bytes(&bytes.to_vec()));
        }
    }
    Some(response.status())
}
