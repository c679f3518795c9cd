//! A server of a few lines, in place of the network.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_storage::{LocalStorage, Storage as _};
use gloo_timers::future::TimeoutFuture;
use latchkey_client::claims;
use latchkey_client::transport::Answer;
use latchkey_client::{
    Client, Listener, Method, Notice, Request, Response, SessionState, Store, Stream, StreamEvent,
    Tokens, Transport, Unreachable,
};

/// The listener of a stream, and whether it was closed.
type Opened = (Rc<Listener>, Rc<Cell<bool>>);

/// Knows one session and the one access token that is good.
#[derive(Default)]
pub(crate) struct Server {
    pub(crate) generation: Cell<u32>,
    /// Nothing is answered.
    pub(crate) down: Cell<bool>,
    /// The next refresh is done, but its answer is lost.
    pub(crate) lose_reply: Cell<bool>,
    /// The next refreshes are answered with this.
    pub(crate) refuse: RefCell<Option<(u16, &'static str)>>,
    pub(crate) log: RefCell<Vec<Request>>,
    /// Proofs at the token endpoint must repeat this, and sessions are bound.
    pub(crate) nonce: RefCell<Option<&'static str>>,
    /// It wants another nonce every time.
    pub(crate) fickle: Cell<bool>,
    /// All streams that were ever opened.
    pub(crate) streams: RefCell<Vec<Opened>>,
    last_key: RefCell<String>,
}

impl Server {
    /// A server, and storage with tokens that it takes for expired.
    pub(crate) fn with_expired_tokens() -> Rc<Self> {
        LocalStorage::clear();
        store(&tokens(0));
        let server = Self::default();
        server.generation.set(1);
        // The rotation from 0 to 1 has not happened yet, only the access token is old.
        Rc::new(server)
    }

    pub(crate) fn client(self: &Rc<Self>) -> Client {
        let client = Client::with(Store::open(), Rc::new(Wire(Rc::clone(self))));
        client.start();
        client
    }

    /// How many requests went to this path.
    pub(crate) fn count(&self, path: &str) -> usize {
        let log = self.log.borrow();
        log.iter().filter(|outgoing| outgoing.path == path).count()
    }

    /// The idempotency keys that came, in order.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.headers("Idempotency-Key")
    }

    /// The proofs that came, in order.
    pub(crate) fn proofs(&self) -> Vec<String> {
        self.headers("DPoP")
    }

    fn headers(&self, wanted: &str) -> Vec<String> {
        let log = self.log.borrow();
        let headers = log.iter().flat_map(|outgoing| outgoing.headers.iter());
        headers
            .filter(|(name, _)| *name == wanted)
            .map(|(_, value)| value.clone())
            .collect()
    }

    /// Says something on the latest stream.
    pub(crate) fn say(&self, text: &str) {
        self.latest_stream(StreamEvent::Bytes(text.as_bytes()));
    }

    /// Ends the latest stream, or does not open it at all.
    pub(crate) fn end_stream(&self, status: u16) {
        self.latest_stream(StreamEvent::Over(Some(status)));
    }

    fn latest_stream(&self, piece: StreamEvent<'_>) {
        // What is said may open another stream at once.
        let (listener, closed) = self.streams.borrow().last().cloned().expect("a stream");
        if !closed.get() {
            listener(piece);
        }
    }

    /// How many streams are open.
    pub(crate) fn open_streams(&self) -> usize {
        let streams = self.streams.borrow();
        streams.iter().filter(|(_, closed)| !closed.get()).count()
    }

    fn answer(&self, outgoing: &Request) -> Result<Response, Unreachable> {
        if self.down.get() {
            return Err(Unreachable);
        }
        let access = format!("Bearer access-{}", self.generation.get());
        match outgoing.path.as_str() {
            "/auth/token" if self.wants_nonce(outgoing) => Ok(Response {
                nonce: self.nonce.borrow().map(str::to_owned),
                ..status(400, r#"{"error":"use_dpop_nonce","code":"use_dpop_nonce"}"#)
            }),
            "/auth/token" => self.refresh(outgoing),
            "/api/sessions" if outgoing.method == Method::Delete => {
                Ok(status(401, r#"{"code":"step_up_required"}"#))
            }
            "/auth/logout" | "/auth/revoke" | "/healthz" => Ok(status(200, "{}")),
            _ if header(outgoing, "Authorization") == Some(&access) => Ok(status(200, "{}")),
            // Bound: the test looks at the proof itself.
            _ if header(outgoing, "DPoP").is_some() => Ok(status(200, "{}")),
            _ => Ok(status(401, r#"{"code":"token_expired"}"#)),
        }
    }

    /// Whether a proof came that does not repeat the nonce.
    fn wants_nonce(&self, outgoing: &Request) -> bool {
        let Some(nonce) = *self.nonce.borrow() else {
            return false;
        };
        header(outgoing, "DPoP").is_some_and(|proof| {
            let claims = claims::decode(proof).expect("a JWT").claims;
            self.fickle.get() || claims.get("nonce") != Some(&format!("\"{nonce}\""))
        })
    }

    fn refresh(&self, outgoing: &Request) -> Result<Response, Unreachable> {
        if let Some((code, body)) = self.refuse.borrow_mut().take() {
            return Ok(status(code, body));
        }
        let key = header(outgoing, "Idempotency-Key")
            .cloned()
            .unwrap_or_default();
        if *self.last_key.borrow() != key {
            self.generation.set(self.generation.get() + 1);
            *self.last_key.borrow_mut() = key;
        }
        if self.lose_reply.replace(false) {
            return Err(Unreachable);
        }
        let generation = self.generation.get();
        let bound = self.nonce.borrow().is_some() && header(outgoing, "DPoP").is_some();
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

/// Carries requests to the server, with a little time on the way.
struct Wire(Rc<Server>);

impl Transport for Wire {
    fn send(&self, outgoing: Request) -> Answer {
        let server = Rc::clone(&self.0);
        server.log.borrow_mut().push(outgoing.clone());
        Box::pin(async move {
            TimeoutFuture::new(2).await;
            server.answer(&outgoing)
        })
    }

    fn stream(&self, outgoing: Request, listener: Listener) -> Stream {
        self.0.log.borrow_mut().push(outgoing);
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
        access_life: 600_000,
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

/// Collects what a client tells.
pub(crate) fn notices(client: &Client) -> Rc<RefCell<Vec<Notice>>> {
    let notices = Rc::<RefCell<Vec<_>>>::default();
    let log = Rc::clone(&notices);
    client.observe(move |notice| log.borrow_mut().push(notice.clone()));
    notices
}

/// Waits until the client is in this state.
pub(crate) async fn reaches(client: &Client, state: SessionState) {
    until(|| client.state() == state).await;
}

/// Waits until something is so.
pub(crate) async fn until(mut so: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if so() {
            return;
        }
        TimeoutFuture::new(5).await;
    }
    panic!("it did not come to pass within ten seconds");
}

fn status(status: u16, body: &str) -> Response {
    Response {
        status,
        body: body.to_owned(),
        ..Response::default()
    }
}

fn header<'a>(outgoing: &'a Request, wanted: &str) -> Option<&'a String> {
    let mut headers = outgoing.headers.iter();
    headers.find_map(|(name, value)| (*name == wanted).then_some(value))
}
