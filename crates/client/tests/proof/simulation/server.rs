//! The server: one session, the decision on each refresh, and a record of who rotated.

use core::time::Duration;

use latchkey_core::rotation::{Decision, Limits, Presented, decide};
use latchkey_core::session::{KeyHash, Lifetimes, Thumbprint};
use latchkey_core::{Session, SessionId, Timestamp, UserId};

use super::{Breach, START, Simulation};

const LONG: Duration = Duration::from_hours(24 * 365);
const LIMITS: Limits = Limits {
    access: Duration::from_mins(10),
    idle: LONG,
};
const OWNERS_KEY: Thumbprint = Thumbprint([1; 32]);
const THIEFS_KEY: Thumbprint = Thumbprint([2; 32]);

/// The party that presents a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Party {
    Owner,
    Thief,
}

/// Which idempotency key the thief sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ThiefKey {
    Own,
    None,
    /// The owner's pending key, if it was copied and belongs to the copied token.
    Copied,
}

impl core::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.rotated += other.rotated;
        self.repeated += other.repeated;
        self.superseded += other.superseded;
        self.replayed += other.replayed;
        self.unproven += other.unproven;
        self.refused += other.refused;
    }
}

/// A response of the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Response {
    Tokens {
        generation: u64,
        access: u32,
    },
    Superseded,
    /// An explicit `invalid_grant`.
    Refused,
    /// 5xx.
    ServerError,
    /// 429.
    RateLimited,
}

/// Counts the server's decisions, to check that a simulation covers them. Not part of the state: all
/// tallies compare as equal.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) rotated: u64,
    pub(crate) repeated: u64,
    pub(crate) superseded: u64,
    pub(crate) replayed: u64,
    pub(crate) unproven: u64,
    pub(crate) refused: u64,
}

impl PartialEq for Tally {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Tally {}

impl core::hash::Hash for Tally {
    fn hash<H: core::hash::Hasher>(&self, _: &mut H) {}
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Server {
    pub(crate) tally: Tally,
    pub(crate) session: Session,
    pub(crate) backup: Option<Session>,
    pub(crate) now: Timestamp,
    /// The number of access tokens issued.
    issued: u32,
    /// How many of the access tokens have expired.
    pub(crate) expired: u32,
    /// Whether the server has received a request from the thief.
    pub(crate) thief_acted: bool,
    pub(crate) restored: u8,
    /// The party that made the latest rotation since the theft.
    last: Option<Party>,
    /// How many times the rotating party changed.
    turns: u8,
}

impl Server {
    pub(super) fn new(bound: bool) -> Self {
        let lifetimes = Lifetimes {
            access: LIMITS.access,
            absolute: LONG,
            idle: LONG,
        };
        let (id, user) = (SessionId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        let binding = bound.then_some(OWNERS_KEY);
        Self {
            tally: Tally::default(),
            session: Session::open(id, user, binding, START, lifetimes),
            backup: None,
            now: START,
            issued: 0,
            expired: 0,
            thief_acted: false,
            restored: 0,
            last: None,
            turns: 0,
        }
    }

    pub(super) fn issue(&mut self) -> u32 {
        self.issued += 1;
        self.issued
    }

    pub(super) fn expire(&mut self) {
        self.expired = self.issued;
    }

    /// Whether an access token is valid.
    pub(super) fn accepts(&self, access: u32) -> bool {
        access > self.expired && self.session.status.is_live()
    }

    /// Corrects the server's clock and advances it past the reuse leeway.
    pub(super) fn pass_leeway(&mut self) {
        let latest = self.now.max(self.session.rotated_at);
        self.now = latest.plus(latchkey_core::rotation::REUSE_LEEWAY);
    }
}

impl Simulation {
    /// Decides on a refresh token, stores the outcome, and checks for breaches.
    pub(super) fn rotate(&mut self, party: Party, generation: u64, key: Option<u32>) -> Response {
        let presented = Presented {
            generation,
            key: key.map(hash),
            proof: match party {
                Party::Owner if self.rules.bound => Some(OWNERS_KEY),
                // The thief sends a proof signed with another key, or none.
                Party::Thief if key.is_some() => Some(THIEFS_KEY),
                _ => None,
            },
            user_banned: false,
        };
        let server = &mut self.server;
        let ended = !server.session.status.is_live();
        server.thief_acted |= party == Party::Thief;
        let decision = decide(&server.session, &presented, server.now, LIMITS);
        let response = match decision {
            Decision::Rotated(session) => {
                server.tally.rotated += 1;
                server.session = session;
                self.count_turn(party);
                self.tokens()
            }
            Decision::Repeated(session) => {
                server.tally.repeated += 1;
                server.session = session;
                self.tokens()
            }
            Decision::Superseded => {
                server.tally.superseded += 1;
                Response::Superseded
            }
            Decision::Replayed(session) => {
                server.tally.replayed += 1;
                server.session = session;
                Response::Refused
            }
            Decision::Refused(_) => {
                server.tally.refused += 1;
                Response::Refused
            }
            // The code is not `invalid_grant`, so the engine treats it as a transient failure.
            Decision::ProofMissing => {
                server.tally.unproven += 1;
                Response::ServerError
            }
        };
        if ended && matches!(response, Response::Tokens { .. }) {
            self.breach(Breach::EndedSessionIssued);
        }
        self.check_response(party, response);
        response
    }

    fn tokens(&mut self) -> Response {
        Response::Tokens {
            generation: self.server.session.generation,
            access: self.server.issue(),
        }
    }

    fn check_response(&mut self, party: Party, response: Response) {
        let harmless = self.rules.bound || !self.server.thief_acted;
        if harmless && party == Party::Owner && response == Response::Refused {
            self.breach(Breach::HonestSignedOut);
        }
        if harmless && !self.server.session.status.is_live() {
            self.breach(Breach::HonestSignedOut);
        }
        let served = matches!(response, Response::Tokens { .. });
        if self.rules.bound && party == Party::Thief && served {
            self.breach(Breach::BoundServedThief);
        }
    }

    /// Checks how often the rotating party has changed. Without a copied pending key, no change is
    /// allowed: only the party that rotates first ever rotates. With a copied key, one change is
    /// allowed, because both parties may receive the same successor. Each restored record allows two
    /// more changes.
    fn count_turn(&mut self, party: Party) {
        let Some(thief) = self.thief else { return };
        let server = &mut self.server;
        if server.last.is_some_and(|last| last != party) {
            server.turns += 1;
        }
        server.last = Some(party);
        let allowed = u8::from(thief.pending.is_some()) + 2 * server.restored;
        if server.turns > allowed {
            self.breach(Breach::BothKeepRotating);
        }
    }
}

fn hash(key: u32) -> KeyHash {
    KeyHash(u128::from(key).to_be_bytes())
}
