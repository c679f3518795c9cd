//! Requests and answers of the operations that need more than one value.

use core::time::Duration;

use latchkey_core::rotation::{Decision, Limits, Presented};
use latchkey_core::{
    Denial, Device, EndReason, Session, SessionId, SessionOrigin, Timestamp, User, UserId,
};

/// A session to open.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The session.
    pub session: Session,
    /// Where it comes from.
    pub origin: SessionOrigin,
    /// How many live sessions the account may have with it: others make room, first those that
    /// cannot be used any more, then the one that was used longest ago.
    pub max_sessions: usize,
}

/// What came of opening a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It lives.
    Opened(Box<Started>),
    /// The account is banned; nothing was stored.
    Banned,
    /// There is no such account; nothing was stored.
    UnknownUser,
}

/// A session that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// Its record as it is stored, with the cut-offs it was opened under: tokens are made from it.
    pub session: Session,
    /// The sessions of the account that had to make room for it.
    pub displaced: Vec<Ended>,
}

/// A refresh token to decide on.
#[derive(Clone, Debug)]
pub struct Rotate {
    /// The session it names.
    pub session: SessionId,
    /// The user it names: their account is fetched together with the session. What decides is the
    /// user of the session's record.
    pub user: UserId,
    /// What was presented; whether the user is banned is filled in by the store.
    pub presented: Presented,
    /// Who presented it.
    pub device: Device,
    /// Now.
    pub now: Timestamp,
    /// The limits in force.
    pub limits: Limits,
}

/// What came of it; whatever had to be stored is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The decision.
    pub decision: Decision,
    /// The session's user, as the record stands now.
    pub user: User,
    /// The denial that a replay left behind.
    pub denial: Option<Denial>,
}

/// A session as its person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSession {
    /// Its record.
    pub session: Session,
    /// Where it comes from.
    pub origin: SessionOrigin,
}

/// A session to end.
#[derive(Clone, Debug)]
pub struct EndSession {
    /// Which.
    pub session: SessionId,
    /// Whose it must be; `None` if the caller has proved its right to it in another way.
    pub of: Option<UserId>,
    /// Why.
    pub reason: EndReason,
    /// Who asked for it; of an operator nothing is kept.
    pub device: Device,
    /// Now.
    pub now: Timestamp,
}

/// A session that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whose it was.
    pub user: UserId,
    /// What refuses its access tokens.
    pub denial: Denial,
    /// Whether it could still be used at that moment. One that had come to its end by time, which
    /// a clock may have been wrong about, is nothing to tell of.
    pub was_live: bool,
}

/// Sessions of one account that ended together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllEnded {
    /// What refuses their access tokens.
    pub denials: Vec<Denial>,
    /// How many of the sessions could still be used, as in [`Ended::was_live`].
    pub live: usize,
}

/// Sessions of a user to end.
#[derive(Clone, Debug)]
pub struct EndSessions {
    /// Whose.
    pub user: UserId,
    /// The one to leave alone.
    pub keep: Option<SessionId>,
    /// Why.
    pub reason: EndReason,
    /// Who asked for it; of an operator nothing is kept.
    pub device: Device,
    /// Now.
    pub now: Timestamp,
}

/// How long the record of a session stays after its absolute end or, if it was ended before that,
/// after its end and that of its last access token.
pub const SESSION_KEPT: Duration = Duration::from_hours(1);
