//! A browser or a program: acts until the server is gone, then looks at what became of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::session::{Ended, Session, is_taken, new_key, refresh};
use super::tally::{Act, Tally};
use super::wire::CutOff;
use fastrand::Rng;
use latchkey_testing::ApiClient;

/// Below that, a used refresh token is taken for another tab's (`latchkey_core::rotation::REUSE_LEEWAY`),
/// with a second for the rounding of clocks.
const FORGIVEN: Duration = Duration::from_secs(9);
/// Above that, for a thief's.
const THEFT: Duration = Duration::from_secs(11);

/// A client with one session at a time.
#[derive(Debug)]
pub(super) struct Device {
    rng: Rng,
    /// Never ends its session by itself, so that some sessions get old.
    faithful: bool,
    session: Option<Session>,
    left: Option<Left>,
    /// The sessions it had that were acknowledged to be over.
    pub(super) ended: Vec<Ended>,
}

/// How its traffic ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// While this was under way.
    CutOff(Act),
    /// It was told that its session is over, or its account banned.
    Refused,
}

/// Where devices of one account act.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) caller: &'a ApiClient,
    pub(super) tally: &'a Tally,
    /// The account.
    pub(super) email: &'a str,
    /// Whether somebody began to ban it.
    pub(super) banning: &'a AtomicBool,
}

impl Device {
    pub(super) const fn new(seed: u64, faithful: bool) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            faithful,
            session: None,
            left: None,
            ended: Vec::new(),
        }
    }

    /// Acts until it is cut off, or refused for a ban.
    pub(super) async fn act(&mut self, scene: Scene<'_>) {
        let left = loop {
            let act = self.choose();
            match self.perform(act, scene).await {
                Ok(true) => scene.tally.answered(act),
                Ok(false) => {
                    let banning = scene.banning.load(Ordering::SeqCst);
                    assert!(banning, "LOST: {act:?} was refused: {self:?}");
                    break Left::Refused;
                }
                Err(CutOff) => {
                    scene.tally.cut_off(act);
                    break Left::CutOff(act);
                }
            }
        };
        self.left = Some(left);
    }

    fn choose(&mut self) -> Act {
        let Some(session) = &self.session else {
            return Act::SignIn;
        };
        // Without an access token there is nothing else to do.
        if session.access.is_none() {
            return Act::Refresh;
        }
        match self.rng.usize(..100) {
            0..40 => Act::Refresh,
            40..55 => Act::Check,
            55..65 => Act::RevokeAccess,
            _ if self.faithful => Act::Refresh,
            65..75 => Act::LogOut,
            75..82 => Act::RevokeRefresh,
            82..88 if session.spent.len() == 2 => Act::Replay,
            _ => Act::Refresh,
        }
    }

    /// Does it; false if it was refused.
    async fn perform(&mut self, act: Act, scene: Scene<'_>) -> Result<bool, CutOff> {
        let caller = scene.caller;
        let Some(session) = &mut self.session else {
            self.session = Session::open(caller, scene.email).await?;
            return Ok(self.session.is_some());
        };
        let done = match act {
            Act::Check => session.check(caller).await?,
            Act::Refresh => session.refresh(caller, &mut self.rng).await?,
            Act::RevokeAccess => session.revoke_access(caller).await.map(|()| true)?,
            Act::LogOut => session.log_out(caller).await?,
            Act::RevokeRefresh => session.revoke_refresh(caller).await.map(|()| true)?,
            Act::Replay => session.replay(caller, &mut self.rng).await.map(|()| true)?,
            Act::SignIn | Act::Ban => unreachable!("{act:?} with a session"),
        };
        if done && let Some(how) = ends(act) {
            self.end(how);
        }
        Ok(done)
    }

    /// Its session is over.
    pub(super) fn end(&mut self, how: &'static str) {
        self.ended
            .extend(self.session.take().map(|session| session.over(how)));
    }

    /// Its session, if it has one.
    pub(super) const fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Whether it was cut off while it signed in: there may be a session that it knows nothing of.
    pub(super) fn may_have_signed_in(&self) -> bool {
        self.left == Some(Left::CutOff(Act::SignIn))
    }

    /// After the restart, of an account that is not banned: what was answered is so, what was cut
    /// off is wholly done or not at all, and a session that lives goes on.
    pub(super) async fn settle(&mut self, caller: &ApiClient, tally: &Tally) -> Result<(), CutOff> {
        let left = self.left.take();
        assert_ne!(
            left,
            Some(Left::Refused),
            "LOST: the ban that ended this: {self:?}"
        );
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        for token in &session.revoked {
            let taken = is_taken(caller, token).await?;
            assert!(
                !taken,
                "LOST: the revocation of an access token: {session:?}"
            );
        }
        let Some(Left::CutOff(act)) = left else {
            unreachable!("devices act until they are cut off")
        };
        if session.access.is_some() && !session.check(caller).await? {
            if act == Act::RevokeAccess {
                session.revoked.extend(session.access.take());
                tally.done(act);
            } else {
                let how = ends(act).unwrap_or_else(|| panic!("LOST: a session: {session:?}"));
                self.end(how);
                tally.done(act);
                return self.ended_is_refused(caller).await;
            }
        }
        if act != Act::Refresh && !self.spent_token_is_refused(caller).await? {
            return Ok(());
        }
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        let refreshed = session.refresh(caller, &mut self.rng).await?;
        assert!(
            refreshed,
            "LOST: a session, after {act:?} was cut off: {session:?}"
        );
        let taken = session.check(caller).await?;
        assert!(taken, "LOST: a fresh access token: {session:?}");
        Ok(())
    }

    async fn ended_is_refused(&self, caller: &ApiClient) -> Result<(), CutOff> {
        match self.ended.last() {
            Some(ended) => ended.is_refused(caller).await,
            None => Ok(()),
        }
    }

    /// A refresh that was answered has used up its token: presented again it gives nothing, and
    /// ends the session if it comes late (SECURITY 48). False if it did.
    async fn spent_token_is_refused(&mut self, caller: &ApiClient) -> Result<bool, CutOff> {
        let Some(session) = &self.session else {
            return Ok(true);
        };
        let Some(spent) = session.spent.first().filter(|_| self.rng.u8(..100) < 30) else {
            return Ok(true);
        };
        // The server counts from decision to decision, which lie between these.
        let (first_tried, answered) = session.exchanged;
        let least = answered.elapsed();
        let answer = refresh(caller, spent, &new_key(&mut self.rng)).await?;
        let most = first_tried.elapsed();
        match answer.status {
            409 if least < THEFT => Ok(true),
            400 if most > FORGIVEN => {
                self.end("replayed after a restart");
                self.ended_is_refused(caller).await?;
                Ok(false)
            }
            _ => panic!("LOST: a refresh {least:?} to {most:?} ago: {answer:?}, {session:?}"),
        }
    }
}

/// How an act ends a session, if it does.
const fn ends(act: Act) -> Option<&'static str> {
    match act {
        Act::LogOut => Some("logged out"),
        Act::RevokeRefresh => Some("its refresh token revoked"),
        Act::Replay => Some("replayed"),
        Act::SignIn | Act::Refresh | Act::Check | Act::RevokeAccess | Act::Ban => None,
    }
}
