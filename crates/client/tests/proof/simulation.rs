//! The simulation: tabs with shared storage, the network, the server and the thief.
//!
//! Nothing happens by itself: [`Simulation::act`] performs one [`Action`] and its immediate effects.
//! The first breach of a guarantee is recorded.

mod action;
mod browser;
mod recovery;
mod server;

use core::time::Duration;

use latchkey_client::engine::{Engine, RequestId, Stored};
use latchkey_core::Timestamp;

pub(crate) use self::action::Action;
pub(crate) use self::server::{Party, Response, Server, Tally, ThiefKey};

/// The parameters of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Rules {
    pub(crate) tabs: usize,
    /// Whether the browser has Web Locks.
    pub(crate) locks: bool,
    /// Whether the session is bound to the browser's key (RFC 9449).
    pub(crate) bound: bool,
    pub(crate) storage: Storage,
    /// A refresh request is lost if more than this many rotations happened since it was sent:
    /// TCP and proxies give up eventually.
    pub(crate) max_delay: u64,
}

/// How a tab learns what another tab stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Storage {
    /// Reads return it, and the storage event arrives immediately.
    Prompt,
    /// Reads return it. The storage event arrives later or, in a suspended tab, never.
    LateEvents,
    /// Reads return it only after [`Action::Sync`], at the latest after the reuse leeway.
    Stale,
}

impl Rules {
    /// Two tabs of a current browser with an unbound session.
    pub(crate) const PLAIN: Self = Self {
        tabs: 2,
        locks: true,
        bound: false,
        storage: Storage::Prompt,
        max_delay: 3,
    };
}

/// A violated guarantee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Breach {
    /// A browser lost its session, although the session is bound or no thief acted.
    HonestSignedOut,
    /// A thief received tokens of a bound session.
    BoundServedThief,
    /// An ended session issued tokens.
    EndedSessionIssued,
    /// Thief and owner both kept rotating.
    BothKeepRotating,
    /// Thief and owner refreshed in turn after the reuse leeway, and the session is still active.
    ThiefNotCaught,
    /// A browser removed its tokens without an explicit `invalid_grant` for the stored refresh
    /// token.
    EndedWithoutRefusal,
    /// Older tokens replaced newer ones in storage.
    OlderTokensStored,
    /// The network works again, but a request still waits.
    RequestStuck,
    /// A tab sent a refresh or asked for the lock while it still waited for the previous one. Or a
    /// request was completed twice, sent more than twice, or sent again before its response or after
    /// its completion.
    ProtocolViolation,
}

/// One tab.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Tab {
    pub(crate) engine: Engine,
    pub(crate) wants_lock: bool,
    /// The tab's refresh request that has no response yet.
    pub(crate) post: Option<Post>,
    /// Requests whose callers are waiting.
    pub(crate) open: Vec<Open>,
    /// Requests that have been sent and have no response yet.
    pub(crate) sent: Vec<Sent>,
    /// What this tab reads from storage, if that can be out of date ([`Storage::Stale`]).
    view: Option<Stored>,
    /// Another tab changed storage, and this tab has not received the event yet.
    pub(crate) has_storage_event: bool,
}

/// A refresh request sent by a tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Post {
    id: u32,
    generation: u64,
}

/// A request whose caller waits for the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Open {
    request: RequestId,
    /// How many times it has been sent.
    times_sent: u8,
}

/// A request that has been sent, with the number of its access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sent {
    request: RequestId,
    access: u32,
}

/// A message in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Message {
    Refresh {
        tab: usize,
        post: u32,
        generation: u64,
        key: u32,
        /// The server's current generation when the message was sent.
        sent_at: u64,
    },
    Response {
        tab: usize,
        post: u32,
        response: Response,
    },
}

/// An attacker with a copy of the storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Thief {
    generation: u64,
    /// The copied pending key and the generation it belongs to.
    pending: Option<(u64, u32)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Simulation {
    pub(crate) rules: Rules,
    pub(crate) tabs: Vec<Tab>,
    pub(crate) storage: Stored,
    pub(crate) holder: Option<usize>,
    pub(crate) network: Vec<Message>,
    pub(crate) server: Server,
    pub(crate) thief: Option<Thief>,
    pub(crate) breach: Option<Breach>,
    keys: u32,
    posts: u32,
    requests: u64,
    /// The response that a tab is processing, and the generation it was requested with.
    processing: Option<(u64, Response)>,
}

impl Simulation {
    pub(crate) fn new(rules: Rules) -> Self {
        let mut server = Server::new(rules.bound);
        let tokens = browser::tokens(0, server.issue());
        let storage = Stored {
            tokens: Some(tokens),
            pending: None,
        };
        let tab = Tab {
            view: (rules.storage == Storage::Stale).then(|| storage.clone()),
            ..Tab::default()
        };
        Self {
            rules,
            tabs: vec![tab; rules.tabs],
            storage,
            holder: None,
            network: Vec::new(),
            server,
            thief: None,
            breach: None,
            keys: 0,
            posts: 0,
            requests: 0,
            processing: None,
        }
    }

    fn breach(&mut self, breach: Breach) {
        self.breach.get_or_insert(breach);
    }

    fn fresh_key(&mut self) -> u32 {
        self.keys += 1;
        self.keys
    }

    pub(crate) fn is_signed_in(&self) -> bool {
        self.storage.tokens.is_some()
    }

    /// The generation of the refresh token in storage.
    pub(crate) fn stored_generation(&self) -> Option<u64> {
        let tokens = self.storage.tokens.as_ref()?;
        Some(browser::generation(&tokens.refresh_token))
    }

    /// Whether this tab can acquire the lock without stealing it.
    pub(crate) fn can_lock(&self, tab: usize) -> bool {
        self.tabs[tab].wants_lock && (!self.rules.locks || self.holder.is_none())
    }

    /// Whether the network contains a message of the refresh that this tab waits for.
    pub(crate) fn is_response_possible(&self, tab: usize) -> bool {
        let Some(waiting) = self.tabs[tab].post else {
            return false;
        };
        self.network.iter().any(|message| match *message {
            Message::Refresh { post, .. } | Message::Response { post, .. } => post == waiting.id,
        })
    }

    fn pass(&mut self, duration: Duration) {
        self.server.now = self.server.now.plus(duration);
        if duration >= latchkey_core::rotation::REUSE_LEEWAY && self.rules.storage == Storage::Stale
        {
            for tab in 0..self.tabs.len() {
                self.deliver_storage_event(tab);
            }
        }
    }
}

/// The start time of every simulation.
const START: Timestamp = Timestamp::from_secs(1_800_000_000);
