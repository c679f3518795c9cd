//! The client: executes the commands of the [engine](crate::engine) with the browser's storage,
//! locks, timers and network.
//!
//! Events are processed one at a time. All commands of an event are started before the next event
//! is processed, so the token that the engine read from storage is the token that is sent.
//!
//! ```
//! use latchkey_client::{Call, CallError, Client, Notice};
//!
//! async fn account_page() -> Result<String, CallError> {
//!     let client = Client::new();
//!     client.observe(|notice| {
//!         if let Notice::State(state) = notice {
//!             // Render the page for the new state.
//!             println!("{state:?}");
//!         }
//!     });
//!     client.start();
//!     match client.call(Call::get("/api/me")).await {
//!         Ok(response) => Ok(response.body),
//!         Err(CallError::SignedOut) => Ok("please sign in".to_owned()),
//!         Err(error) => Err(error),
//!     }
//! }
//! ```

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use futures_channel::mpsc::UnboundedSender;
use gloo_timers::callback::Timeout;
use latchkey_types::ErrorCode;
use web_sys::BroadcastChannel;

use crate::engine::{Cause, Engine, Event, Failure, RequestId, TransientError};
use crate::expiry::Deadline;
use crate::fetch::Fetch;
use crate::lock::LockGuard;
use crate::notice::Notice;
use crate::session::SessionState;
use crate::token_storage::TokenStorage;
use crate::tokens::Tokens;
use crate::transport::Transport;

mod account;
mod call;
mod connectivity;
mod dpop_flow;
mod event_loop;
mod event_stream;
mod local_account;
mod sign_in;
mod sign_out;
mod subscription;
mod wake;

use subscription::Subscription;

pub use account::LinkError;
pub use call::{Call, CallError};
pub use local_account::FormError;
pub use sign_in::{SignInError, SignedIn};

/// The auth client. Clones share the same state.
#[derive(Clone)]
pub struct Client(Rc<Inner>);

type Observer = Rc<dyn Fn(&Notice)>;

struct Inner {
    storage: TokenStorage,
    transport: Rc<dyn Transport>,
    observers: RefCell<Vec<Observer>>,
    engine: RefCell<Engine>,
    events: RefCell<VecDeque<Event>>,
    /// Whether `dispatch` is running further up the call stack.
    dispatching: Cell<bool>,
    lock: RefCell<Option<LockGuard>>,
    pending_calls: RefCell<Vec<(RequestId, UnboundedSender<Resolution>)>>,
    last_id: Cell<u64>,

    state: Cell<SessionState>,
    /// The tokens that the observers were last notified of.
    reported_tokens: RefCell<Option<Tokens>>,
    deadline: RefCell<Option<Deadline>>,
    /// Status and duration (in milliseconds) of the latest refresh request.
    refresh_outcome: Cell<(Option<u16>, u32)>,
    outages: RefCell<Outages>,
    /// The nonce for the next DPoP proof, from the server's latest `DPoP-Nonce` header.
    nonce: RefCell<Option<String>>,
    subscription: RefCell<Subscription>,
    /// Notifies the other tabs that the account changed.
    channel: RefCell<Option<BroadcastChannel>>,
    /// Why the session ended, according to the event stream. Only used to explain it to the user.
    end_code: Cell<Option<ErrorCode>>,
    refresh_before_expiry: Cell<bool>,
    access_lifetime: Cell<Option<u32>>,

    expiry_timer: RefCell<Option<Timeout>>,
    backoff_timer: RefCell<Option<Timeout>>,
    probe_timer: RefCell<Option<Timeout>>,
}

/// Current outages, by the kind of request that failed.
#[derive(Debug, Default)]
struct Outages {
    refresh: Option<TransientError>,
    request: Option<TransientError>,
    reported: Option<TransientError>,
}

/// What the engine decided for a waiting request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Resolution {
    Send(String),
    Deliver,
    Fail(Failure),
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// Creates a client that uses localStorage and `fetch`. Call [`start`](Self::start) next.
    pub fn new() -> Self {
        Self::with(TokenStorage::open(), Rc::new(Fetch))
    }

    /// Creates a client with custom storage and a custom transport.
    pub fn with(storage: TokenStorage, transport: Rc<dyn Transport>) -> Self {
        Self(Rc::new(Inner {
            storage,
            transport,
            observers: RefCell::default(),
            engine: RefCell::default(),
            events: RefCell::default(),
            dispatching: Cell::new(false),
            lock: RefCell::default(),
            pending_calls: RefCell::default(),
            last_id: Cell::new(0),
            state: Cell::default(),
            reported_tokens: RefCell::default(),
            deadline: RefCell::default(),
            refresh_outcome: Cell::default(),
            outages: RefCell::default(),
            nonce: RefCell::default(),
            subscription: RefCell::default(),
            channel: RefCell::default(),
            end_code: Cell::default(),
            refresh_before_expiry: Cell::new(true),
            access_lifetime: Cell::new(None),
            expiry_timer: RefCell::default(),
            backoff_timer: RefCell::default(),
            probe_timer: RefCell::default(),
        }))
    }

    /// Reads storage and starts watching the other tabs, the clock and the network. Register
    /// observers first.
    pub fn start(&self) {
        self.0.listen();
        self.0.sync_from_storage();
        self.0.update_subscription();
    }

    /// Sets the nonce for the first DPoP proof, which the server embeds in the page (RFC 9449 §8).
    /// Without it, the server rejects the first proof and sends a nonce.
    pub fn set_nonce(&self, nonce: String) {
        *self.0.nonce.borrow_mut() = Some(nonce);
    }

    /// Calls `observer` with every [`Notice`] from now on.
    pub fn observe(&self, observer: impl Fn(&Notice) + 'static) {
        self.0.observers.borrow_mut().push(Rc::new(observer));
    }

    /// The state of the session.
    pub fn state(&self) -> SessionState {
        self.0.state.get()
    }

    /// The stored tokens.
    pub fn tokens(&self) -> Option<Tokens> {
        self.0.storage.read().tokens
    }

    /// Refreshes now, even if the access token is still fresh. Observers are notified of the
    /// outcome.
    pub fn refresh(&self) {
        self.0.dispatch(Event::RefreshRequested(Cause::Manual));
    }

    /// Whether tokens are refreshed before they expire. If not, they are refreshed after a 401.
    pub fn refreshes_before_expiry(&self) -> bool {
        self.0.refresh_before_expiry.get()
    }

    /// Sets [`refreshes_before_expiry`](Self::refreshes_before_expiry).
    pub fn set_refreshes_before_expiry(&self, ahead: bool) {
        self.0.refresh_before_expiry.set(ahead);
        self.0.check_expiry();
    }

    /// The access token lifetime to request with each refresh, in seconds. `None` requests the
    /// server's default.
    pub fn access_lifetime(&self) -> Option<u32> {
        self.0.access_lifetime.get()
    }

    /// Sets [`access_lifetime`](Self::access_lifetime) from the next refresh on.
    pub fn set_access_lifetime(&self, seconds: Option<u32>) {
        self.0.access_lifetime.set(seconds);
    }
}

impl Inner {
    fn notify(&self, notice: &Notice) {
        let observers = self.observers.borrow().clone();
        for observer in observers {
            observer(notice);
        }
    }

    fn next_id(&self) -> u64 {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        id
    }

    fn set_state(&self, state: SessionState) {
        if self.state.replace(state) != state {
            self.notify(&Notice::State(state));
        }
    }
}
