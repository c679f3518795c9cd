//! A fake server, used as the client's transport.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_storage::{LocalStorage, Storage as _};
use gloo_timers::future::TimeoutFuture;
use latchkey_client::claims;
use latchkey_client::transport::ResponseFuture;
use latchkey_client::{
    Client, Listener, Method, Notice, Request, Response, SessionState, Stream, StreamEvent,
    TokenStorage, Tokens, Transport, Unreachable,
};

/// The listener of a stream, and whether the stream was closed.
type Opened = (Rc<Listener>, Rc<Cell<bool>>);

/// A fake server with one session and one valid access token.
#[derive(Default)]
pub(crate) struct Server {
    pub(crate) generation: Cell<u32>,
    /// If true, no request gets a response.
    pub(crate) down: Cell<bool>,
    /// If true, the next refresh is performed, but its response is lost.
    pub(crate) lose_response: Cell<bool>,
    /// If set, the next refresh is refused with this status and body.
    pub(crate) refuse: RefCell<Option<(u16, &'static str)>>,
    pub(crate) log: RefCell<Vec<Request>>,
    /// The nonce that proofs at the token endpoint must contain. If it is set, a refresh with a
    /// proof returns bound tokens.
    pub(crate) nonce: RefCell<Option<&'static str>>,
    /// If true, every proof is rejected and another nonce is requested.
    pub(crate) rejects_every_nonce: Cell<bool>,
    /// All streams opened so far.
    pub(crate) streams: RefCell<Vec<Opened>>,
    last_idempotency_key: RefCell<String>,
}

impl Server {
    /// Creates a server, and stores tokens whose access token the server considers expired.
    pub(crate) fn with_expired_tokens() -> Rc<Self> {
        LocalStorage::clear();
        store(&tokens(0));
        let server = Self::default();
        // The client has `access-0`, but the server accepts only `access-1`. It does not check
        // refresh tokens.
        server.generation.set(1);
        Rc::new(server)
    }

    pub(crate) fn client(self: &Rc<Self>) -> Client {
        let client = Client::with(TokenStorage::open(), Rc::new(FakeNetwork(Rc::clone(self))));
        client.start();
        client
    }

    /// The number of requests to this path.
    pub(crate) fn count(&self, path: &str) -> usize {
        let log = self.log.borrow();
        log.iter().filter(|request| request.path == path).count()
    }

    /// The idempotency keys received, in order.
    pub(crate) fn idempotency_keys(&self) -> Vec<String> {
        self.headers("Idempotency-Key")
    }

    /// The DPoP proofs received, in order.
    pub(crate) fn proofs(&self) -> Vec<String> {
        self.headers("DPoP")
    }

    fn headers(&self, header_name: &str) -> Vec<String> {
        let log = self.log.borrow();
        let headers = log.iter().flat_map(|request| request.headers.iter());
        headers
            .filter(|(name, _)| *name == header_name)
            .map(|(_, value)| value.clone())
            .collect()
    }

    /// Sends a chunk on the latest stream.
    pub(crate) fn send_chunk(&self, text: &str) {
        self.notify_latest_stream(StreamEvent::Bytes(text.as_bytes()));
    }

    /// Ends the latest stream with this HTTP status.
    pub(crate) fn end_stream(&self, status: u16) {
        self.notify_latest_stream(StreamEvent::Ended(Some(status)));
    }

    fn notify_latest_stream(&self, event: StreamEvent<'_>) {
        // The listener may open another stream, so `streams` must not be borrowed here.
        let (listener, closed) = self.streams.borrow().last().cloned().expect("a stream");
        if !closed.get() {
            listener(event);
        }
    }

    /// The number of open streams.
    pub(crate) fn open_streams(&self) -> usize {
        let streams = self.streams.borrow();
        streams.iter().filter(|(_, closed)| !closed.get()).count()
    }

    fn respond(&self, request: &Request) -> Result<Response, Unreachable> {
        if self.down.get() {
            return Err(Unreachable);
        }
        let access = format!("Bearer access-{}", self.generation.get());
        match request.path.as_str() {
            "/auth/password" | "/auth/sign-up" if self.wants_nonce(request) => Ok(Response {
                nonce: self.nonce.borrow().map(str::to_owned),
                ..status(400, r#"{"code":"use_dpop_nonce"}"#)
            }),
            "/auth/token" if self.wants_nonce(request) => Ok(Response {
                nonce: self.nonce.borrow().map(str::to_owned),
                ..status(400, r#"{"error":"use_dpop_nonce","code":"use_dpop_nonce"}"#)
            }),
            "/auth/password" | "/auth/sign-up" | "/auth/token" => self.refresh(request),
            "/api/sessions" if request.method == Method::Delete => {
                Ok(status(401, r#"{"code":"step_up_required"}"#))
            }
            "/auth/logout" | "/auth/revoke" | "/healthz" => Ok(status(200, "{}")),
            _ if header(request, "Authorization") == Some(&access) => Ok(status(200, "{}")),
            // A bound token: any proof is accepted here, because the test checks the proofs.
            _ if header(request, "DPoP").is_some() => Ok(status(200, "{}")),
            _ => Ok(status(401, r#"{"code":"token_expired"}"#)),
        }
    }

    /// Whether the request contains a proof without the current nonce.
    fn wants_nonce(&self, request: &Request) -> bool {
        let Some(nonce) = *self.nonce.borrow() else {
            return false;
        };
        header(request, "DPoP").is_some_and(|proof| {
            let claims = claims::decode(proof).expect("a JWT").claims;
            self.rejects_every_nonce.get() || claims.get("nonce") != Some(&format!("\"{nonce}\""))
        })
    }

    fn refresh(&self, request: &Request) -> Result<Response, Unreachable> {
        if let Some((code, body)) = self.refuse.borrow_mut().take() {
            return Ok(status(code, body));
        }
        let key = header(request, "Idempotency-Key")
            .cloned()
            .unwrap_or_default();
        if *self.last_idempotency_key.borrow() != key {
            self.generation.set(self.generation.get() + 1);
            *self.last_idempotency_key.borrow_mut() = key;
        }
        if self.lose_response.replace(false) {
            return Err(Unreachable);
        }
        let generation = self.generation.get();
        let bound = self.nonce.borrow().is_some() && header(request, "DPoP").is_some();
        Ok(status(
            200,
            &format!(
                r#"{{"access_token":"access-{generation}","token_type":"Bearer","expires_in":600,
                "refresh_token":"refresh-token-{generation:08}","refresh_expires_in":86400,
                "bound":{bound}}}"#
            ),
        ))
    }
}

/// A transport to the fake server, with a short delay.
struct FakeNetwork(Rc<Server>);

impl Transport for FakeNetwork {
    fn send(&self, request: Request) -> ResponseFuture {
        let server = Rc::clone(&self.0);
        server.log.borrow_mut().push(request.clone());
        Box::pin(async move {
            TimeoutFuture::new(2).await;
            server.respond(&request)
        })
    }

    fn stream(&self, request: Request, listener: Listener) -> Stream {
        self.0.log.borrow_mut().push(request);
        let closed = Rc::new(Cell::new(false));
        let mut streams = self.0.streams.borrow_mut();
        streams.push((Rc::new(listener), Rc::clone(&closed)));
        Stream::closed_by(move || closed.set(true))
    }
}

pub(crate) fn tokens(generation: u32) -> Tokens {
    Tokens {
        access_token: format!("access-{generation}"),
        refresh_token: format!("refresh-token-{generation:08}"),
        access_expires_at: u64::MAX,
        refresh_expires_at: u64::MAX,
        access_lifetime: 600_000,
        account: None,
        bound: false,
        key: None,
        nonce: None,
    }
}

pub(crate) fn store(tokens: &Tokens) {
    LocalStorage::set("latchkey.tokens", tokens).expect("room in localStorage");
}

pub(crate) fn stored() -> Option<Tokens> {
    LocalStorage::get("latchkey.tokens").ok()
}

/// Collects a client's notices.
pub(crate) fn notices(client: &Client) -> Rc<RefCell<Vec<Notice>>> {
    let notices = Rc::<RefCell<Vec<_>>>::default();
    let log = Rc::clone(&notices);
    client.observe(move |notice| log.borrow_mut().push(notice.clone()));
    notices
}

/// Waits until the client is in this state.
pub(crate) async fn wait_for_state(client: &Client, state: SessionState) {
    wait_until(|| client.state() == state).await;
}

/// Waits until a condition holds.
pub(crate) async fn wait_until(mut condition: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if condition() {
            return;
        }
        TimeoutFuture::new(5).await;
    }
    panic!("the condition did not hold within ten seconds");
}

fn status(status: u16, body: &str) -> Response {
    Response {
        status,
        body: body.to_owned(),
        ..Response::default()
    }
}

fn header<'a>(request: &'a Request, header_name: &str) -> Option<&'a String> {
    let mut headers = request.headers.iter();
    headers.find_map(|(name, value)| (*name == header_name).then_some(value))
}
