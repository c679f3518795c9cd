//! A browser or a program: acts until the server is killed, then checks its session after the
//! restart.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::session::{Ended, Session, is_accepted, new_key, refresh};
use super::stats::{Operation, Stats};
use super::transport::CutOff;
use fastrand::Rng;
use latchkey_testing::ApiClient;

/// If a rotation is at most this long ago, the server must treat reuse of the old refresh token as a
/// request by another tab. It is `latchkey_core::rotation::REUSE_LEEWAY` less one second, to allow
/// for rounding.
const LEEWAY_MIN: Duration = Duration::from_secs(9);
/// If a rotation is at least this long ago, the server must treat reuse of the old refresh token as
/// a replay. It is the leeway plus one second.
const LEEWAY_MAX: Duration = Duration::from_secs(11);

/// A client with one session at a time.
#[derive(Debug)]
pub(super) struct Device {
    rng: Rng,
    /// Never ends its own session, so that some sessions live long.
    faithful: bool,
    session: Option<Session>,
    stopped: Option<Stopped>,
    /// Its earlier sessions: the server acknowledged their end, or refused their tokens after a
    /// restart.
    pub(super) ended: Vec<Ended>,
}

/// Why a device stopped acting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stopped {
    /// The server was killed during this operation.
    CutOff(Operation),
    /// The server refused: the session has ended or the user is banned.
    Refused,
}

/// What the devices of one user share.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) caller: &'a ApiClient,
    pub(super) stats: &'a Stats,
    /// The address of the user.
    pub(super) email: &'a str,
    /// Whether an operator has started to ban the user.
    pub(super) banning: &'a AtomicBool,
}

impl Device {
    pub(super) const fn new(seed: u64, faithful: bool) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            faithful,
            session: None,
            stopped: None,
            ended: Vec::new(),
        }
    }

    /// Acts until the server is killed, or refuses because of a ban.
    pub(super) async fn act(&mut self, context: Context<'_>) {
        let stopped = loop {
            let operation = self.choose();
            match self.perform(operation, context).await {
                Ok(true) => context.stats.acknowledged(operation),
                Ok(false) => {
                    let banning = context.banning.load(Ordering::SeqCst);
                    assert!(banning, "LOST: {operation:?} was refused: {self:?}");
                    break Stopped::Refused;
                }
                Err(CutOff) => {
                    context.stats.cut_off(operation);
                    break Stopped::CutOff(operation);
                }
            }
        };
        self.stopped = Some(stopped);
    }

    fn choose(&mut self) -> Operation {
        let Some(session) = &self.session else {
            return Operation::SignIn;
        };
        // Without an access token, only a refresh is possible.
        if session.access.is_none() {
            return Operation::Refresh;
        }
        match self.rng.usize(..100) {
            0..40 => Operation::Refresh,
            40..55 => Operation::Check,
            55..65 => Operation::RevokeAccess,
            _ if self.faithful => Operation::Refresh,
            65..75 => Operation::LogOut,
            75..82 => Operation::RevokeRefresh,
            82..88 if session.spent.len() == 2 => Operation::Replay,
            _ => Operation::Refresh,
        }
    }

    /// Performs the operation; false if it was refused.
    async fn perform(
        &mut self,
        operation: Operation,
        context: Context<'_>,
    ) -> Result<bool, CutOff> {
        let caller = context.caller;
        let Some(session) = &mut self.session else {
            self.session = Session::open(caller, context.email).await?;
            return Ok(self.session.is_some());
        };
        let done = match operation {
            Operation::Check => session.check(caller).await?,
            Operation::Refresh => session.refresh(caller, &mut self.rng).await?,
            Operation::RevokeAccess => session.revoke_access(caller).await.map(|()| true)?,
            Operation::LogOut => session.log_out(caller).await?,
            Operation::RevokeRefresh => session.revoke_refresh(caller).await.map(|()| true)?,
            Operation::Replay => session.replay(caller, &mut self.rng).await.map(|()| true)?,
            Operation::SignIn | Operation::Ban => unreachable!("{operation:?} with a session"),
        };
        if done && let Some(how) = ends(operation) {
            self.end(how);
        }
        Ok(done)
    }

    /// Records that its session has ended.
    pub(super) fn end(&mut self, how: &'static str) {
        self.ended
            .extend(self.session.take().map(|session| session.into_ended(how)));
    }

    /// The current session.
    pub(super) const fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Whether it was interrupted during a sign-in, so that there may be a session that it does not
    /// know of.
    pub(super) fn may_have_signed_in(&self) -> bool {
        self.stopped == Some(Stopped::CutOff(Operation::SignIn))
    }

    /// After a restart, if the user is not banned: checks that acknowledged changes hold, that an
    /// interrupted operation was done completely or not at all, and that a live session can
    /// refresh.
    pub(super) async fn settle(&mut self, caller: &ApiClient, stats: &Stats) -> Result<(), CutOff> {
        let stopped = self.stopped.take();
        assert_ne!(
            stopped,
            Some(Stopped::Refused),
            "LOST: the ban that ended this: {self:?}"
        );
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        for token in &session.revoked {
            let accepted = is_accepted(caller, token).await?;
            assert!(
                !accepted,
                "LOST: the revocation of an access token: {session:?}"
            );
        }
        let Some(Stopped::CutOff(operation)) = stopped else {
            unreachable!("devices act until they are cut off")
        };
        if session.access.is_some() && !session.check(caller).await? {
            if operation == Operation::RevokeAccess {
                session.revoked.extend(session.access.take());
                stats.done(operation);
            } else {
                let how = ends(operation).unwrap_or_else(|| panic!("LOST: a session: {session:?}"));
                self.end(how);
                stats.done(operation);
                return self.assert_ended_refused(caller).await;
            }
        }
        if operation != Operation::Refresh && !self.spent_token_is_refused(caller).await? {
            return Ok(());
        }
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        let refreshed = session.refresh(caller, &mut self.rng).await?;
        assert!(
            refreshed,
            "LOST: a session, after {operation:?} was cut off: {session:?}"
        );
        let accepted = session.check(caller).await?;
        assert!(accepted, "LOST: a fresh access token: {session:?}");
        Ok(())
    }

    async fn assert_ended_refused(&self, caller: &ApiClient) -> Result<(), CutOff> {
        match self.ended.last() {
            Some(ended) => ended.assert_refused(caller).await,
            None => Ok(()),
        }
    }

    /// Reuses a refresh token that was rotated before the restart: it must not give tokens, and
    /// after the leeway it ends the session (SECURITY 48). False if the session ended.
    async fn spent_token_is_refused(&mut self, caller: &ApiClient) -> Result<bool, CutOff> {
        let Some(session) = &self.session else {
            return Ok(true);
        };
        let Some(spent) = session.spent.first().filter(|_| self.rng.u8(..100) < 30) else {
            return Ok(true);
        };
        // The server measures the time between its two decisions, which lies between these bounds.
        let (first_tried, acknowledged) = session.rotated_between;
        let min_age = acknowledged.elapsed();
        let response = refresh(caller, spent, &new_key(&mut self.rng)).await?;
        let max_age = first_tried.elapsed();
        match response.status {
            409 if min_age < LEEWAY_MAX => Ok(true),
            400 if max_age > LEEWAY_MIN => {
                self.end("replayed after a restart");
                self.assert_ended_refused(caller).await?;
                Ok(false)
            }
            _ => {
                panic!("LOST: a refresh {min_age:?} to {max_age:?} ago: {response:?}, {session:?}")
            }
        }
    }
}

/// How an operation ends a session, if it does.
const fn ends(operation: Operation) -> Option<&'static str> {
    match operation {
        Operation::LogOut => Some("logged out"),
        Operation::RevokeRefresh => Some("refresh token revoked"),
        Operation::Replay => Some("replayed"),
        Operation::SignIn
        | Operation::Refresh
        | Operation::Check
        | Operation::RevokeAccess
        | Operation::Ban => None,
    }
}
