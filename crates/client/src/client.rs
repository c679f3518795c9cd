//! Carries out what the [engine](crate::engine) says, with the browser's storage, locks, timers
//! and network.
//!
//! Events are taken in one at a time; everything that an event leads to is begun before the next
//! one is looked at, so the engine's promise holds that what was read is what is sent.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use futures_channel::mpsc::UnboundedSender;
use gloo_timers::callback::Timeout;
use latchkey_types::ErrorCode;
use web_sys::BroadcastChannel;

use crate::engine::{Cause, Engine, Event, Failure, RequestId, Trouble};
use crate::expiry::Deadline;
use crate::fetch::Fetch;
use crate::lock::LockGuard;
use crate::notice::Notice;
use crate::session::SessionState;
use crate::store::Store;
use crate::tokens::Tokens;
use crate::transport::Transport;

mod account;
mod call;
mod connectivity;
mod dpop_flow;
mod event_loop;
mod follow;
mod following;
mod sign_in;
mod sign_out;
mod wake;

use following::Following;

pub use call::{Call, CallError};
pub use sign_in::{SignInError, SignedIn};

/// The client. Clones are the same client.
#[derive(Clone)]
pub struct Client(Rc<Inner>);

type Observer = Rc<dyn Fn(&Notice)>;

struct Inner {
    store: Store,
    transport: Rc<dyn Transport>,
    observers: RefCell<Vec<Observer>>,
    engine: RefCell<Engine>,
    events: RefCell<VecDeque<Event>>,
    /// Events are being taken in further up the stack.
    busy: Cell<bool>,
    lock: RefCell<Option<LockGuard>>,
    waiting: RefCell<Vec<(RequestId, UnboundedSender<Resolution>)>>,
    last_id: Cell<u64>,

    state: Cell<SessionState>,
    /// The tokens as last told to the observers.
    seen: RefCell<Option<Tokens>>,
    deadline: RefCell<Option<Deadline>>,
    /// Status and duration in milliseconds of the latest answer of the token endpoint.
    posted: Cell<(Option<u16>, u32)>,
    trouble: RefCell<Troubles>,
    /// The server's latest word for the next proof (`DPoP-Nonce`).
    nonce: RefCell<Option<String>>,
    following: RefCell<Following>,
    /// Between the tabs: that the account changed.
    channel: RefCell<Option<BroadcastChannel>>,
    /// Why the session ended, by the event stream's word: only to say it better.
    hint: Cell<Option<ErrorCode>>,
    refresh_ahead: Cell<bool>,
    access_life: Cell<Option<u32>>,

    expiry_timer: RefCell<Option<Timeout>>,
    back_off_timer: RefCell<Option<Timeout>>,
    probe_timer: RefCell<Option<Timeout>>,
}

/// What keeps the server from us, by where it was met.
#[derive(Debug, Default)]
struct Troubles {
    refresh: Option<Trouble>,
    request: Option<Trouble>,
    told: Option<Trouble>,
}

/// What a waiting request is told.
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
    /// A client over localStorage and `fetch`.
    pub fn new() -> Self {
        Self::with(Store::open(), Rc::new(Fetch))
    }

    /// A client over a custom transport.
    pub fn with(store: Store, transport: Rc<dyn Transport>) -> Self {
        Self(Rc::new(Inner {
            store,
            transport,
            observers: RefCell::default(),
            engine: RefCell::default(),
            events: RefCell::default(),
            busy: Cell::new(false),
            lock: RefCell::default(),
            waiting: RefCell::default(),
            last_id: Cell::new(0),
            state: Cell::default(),
            seen: RefCell::default(),
            deadline: RefCell::default(),
            posted: Cell::default(),
            trouble: RefCell::default(),
            nonce: RefCell::default(),
            following: RefCell::default(),
            channel: RefCell::default(),
            hint: Cell::default(),
            refresh_ahead: Cell::new(true),
            access_life: Cell::new(None),
            expiry_timer: RefCell::default(),
            back_off_timer: RefCell::default(),
            probe_timer: RefCell::default(),
        }))
    }

    /// Reads storage for the first time and begins to follow the other tabs, the clock and the
    /// network. Observers should be in place before.
    pub fn start(&self) {
        self.0.listen();
        self.0.sync_from_storage();
        self.0.follow();
    }

    /// Takes the nonce for the first DPoP proof, as the page brought it along (RFC 9449 §8). Without
    /// it the server refuses that proof and says which nonce it wants.
    pub fn set_nonce(&self, nonce: String) {
        *self.0.nonce.borrow_mut() = Some(nonce);
    }

    /// Tells `observer` everything from now on.
    pub fn observe(&self, observer: impl Fn(&Notice) + 'static) {
        self.0.observers.borrow_mut().push(Rc::new(observer));
    }

    /// The state of the session.
    pub fn state(&self) -> SessionState {
        self.0.state.get()
    }

    /// The stored tokens.
    pub fn tokens(&self) -> Option<Tokens> {
        self.0.store.read().tokens
    }

    /// Refreshes now, whether it is time or not; the outcome comes as notices.
    pub fn refresh(&self) {
        self.0.dispatch(Event::Wanted(Cause::Asked));
    }

    /// Whether tokens are refreshed before they expire. Without it, a 401 is waited for.
    pub fn refreshes_ahead(&self) -> bool {
        self.0.refresh_ahead.get()
    }

    /// Sets [`refreshes_ahead`](Self::refreshes_ahead).
    pub fn set_refresh_ahead(&self, ahead: bool) {
        self.0.refresh_ahead.set(ahead);
        self.0.check_expiry();
    }

    /// The life asked for with each refresh, in seconds; `None`: as the server is configured.
    pub fn access_life(&self) -> Option<u32> {
        self.0.access_life.get()
    }

    /// Sets [`access_life`](Self::access_life) from the next refresh on.
    pub fn set_access_life(&self, seconds: Option<u32>) {
        self.0.access_life.set(seconds);
    }
}

impl Inner {
    fn tell(&self, notice: &Notice) {
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
            self.tell(&Notice::State(state));
        }
    }
}
