//! The world: tabs over one storage, the network, the server, the thief.
//!
//! Nothing happens by itself: [`World::act`] does one [`Action`], and what it leads to at once.
//! Every action looks for breaches of the promises; the first one found is kept.

mod act;
mod browser;
mod quiesce;
mod server;

use core::time::Duration;

use latchkey_client::engine::{Engine, RequestId, Stored};
use latchkey_core::Timestamp;

pub(crate) use self::act::Action;
pub(crate) use self::server::{Answer, Party, Server, Tally, ThiefKey};

/// What kind of world it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Rules {
    pub(crate) tabs: usize,
    /// The browser has Web Locks.
    pub(crate) locks: bool,
    /// The session is bound to the browser's key (RFC 9449).
    pub(crate) bound: bool,
    pub(crate) storage: Storage,
    /// A refresh request arrives before more than this many rotations have been made since it was
    /// sent, or not at all: TCP gives up, and so do proxies.
    pub(crate) most_late: u64,
}

/// How one tab learns what another one stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Storage {
    /// Reads see it, and the event comes at once.
    Prompt,
    /// Reads see it, the event comes later or, to a tab that sleeps, not at all.
    LateEvents,
    /// Reads see it only after [`Action::Sync`]; at the latest when the clock has moved on by the
    /// grace.
    Stale,
}

impl Rules {
    /// Two tabs of an up-to-date browser, a session that is not bound.
    pub(crate) const PLAIN: Self = Self {
        tabs: 2,
        locks: true,
        bound: false,
        storage: Storage::Prompt,
        most_late: 3,
    };
}

/// A promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Breach {
    /// A browser lost its session though no thief acted, or though the session is bound.
    HonestSignedOut,
    /// A thief was given tokens of a bound session.
    BoundServedThief,
    /// An ended session gave tokens.
    EndedServes,
    /// Thief and owner both rotated, again and again.
    BothGoOn,
    /// Thief and owner refreshed in turn, past the grace, and the session lives.
    ThiefNotCaught,
    /// A browser forgot its tokens without an explicit `invalid_grant` for the very token it held.
    EndedWithoutRefusal,
    /// Older tokens replaced newer ones in storage.
    WentBack,
    /// The network is well again, and a request still waits.
    LeftWaiting,
    /// Two refreshes at once in one tab, a request answered twice or sent a third time.
    Disorder,
}

/// One tab.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Tab {
    pub(crate) engine: Engine,
    pub(crate) wants_lock: bool,
    /// Its refresh request that has no answer yet.
    pub(crate) post: Option<Post>,
    /// Requests that somebody waits for.
    pub(crate) open: Vec<RequestId>,
    /// Requests with the server: the number of their access token, and how often they were sent.
    pub(crate) sent: Vec<Sent>,
    /// Storage as this tab sees it, where that may differ.
    view: Option<Stored>,
    /// Another tab changed storage, and this one has not been told.
    pub(crate) news: bool,
}

/// A refresh request of a tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Post {
    id: u32,
    generation: u64,
}

/// A request with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sent {
    request: RequestId,
    access: u32,
}

/// Something on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Message {
    Refresh {
        tab: usize,
        post: u32,
        generation: u64,
        key: u32,
        /// The generation in force when it was sent.
        sent_at: u64,
    },
    Answer {
        tab: usize,
        post: u32,
        answer: Answer,
    },
}

/// Someone with a copy of the storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Thief {
    generation: u64,
    /// The copied pending key, and the generation it is for.
    pending: Option<(u64, u32)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
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
    /// What the tab that is taking in an answer has been told.
    hearing: Option<(u64, Answer)>,
}

impl World {
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
            hearing: None,
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
    pub(crate) fn held(&self) -> Option<u64> {
        let tokens = self.storage.tokens.as_ref()?;
        Some(browser::generation(&tokens.refresh_token))
    }

    /// Whether this tab can have the lock without force.
    pub(crate) fn may_lock(&self, tab: usize) -> bool {
        self.tabs[tab].wants_lock && (!self.rules.locks || self.holder.is_none())
    }

    /// Whether anything on its way belongs to the refresh this tab waits for.
    pub(crate) fn is_answer_possible(&self, tab: usize) -> bool {
        let Some(waiting) = self.tabs[tab].post else {
            return false;
        };
        self.network.iter().any(|message| match *message {
            Message::Refresh { post, .. } | Message::Answer { post, .. } => post == waiting.id,
        })
    }

    fn pass(&mut self, duration: Duration) {
        self.server.now = self.server.now.plus(duration);
        if duration >= latchkey_core::rotation::REUSE_LEEWAY && self.rules.storage == Storage::Stale
        {
            for tab in 0..self.tabs.len() {
                self.tell(tab);
            }
        }
    }
}

/// When every world begins.
const START: Timestamp = Timestamp::from_secs(1_800_000_000);
