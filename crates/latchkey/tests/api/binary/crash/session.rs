//! What a client knows of its session, and what it can do with it.

use std::time::Instant;

use latchkey_types::{SessionList, TokenResponse};

use super::wire::{CutOff, ask, send};
use crate::app::claims;
use fastrand::Rng;
use latchkey_testing::{ApiClient, Begun, called_back};

/// A session, as the client that opened it sees it.
#[derive(Debug)]
pub(super) struct Session {
    /// `sid` of its tokens.
    pub(super) id: String,
    /// The access token in use; gone when it was revoked by itself.
    pub(super) access: Option<String>,
    /// The access token before that.
    pub(super) older: Option<String>,
    /// Access tokens that were revoked by themselves.
    pub(super) revoked: Vec<String>,
    pub(super) refresh: String,
    /// The last two refresh tokens before that, newest first.
    pub(super) spent: Vec<String>,
    /// When the newest of them was exchanged: between its first try and the answer.
    pub(super) exchanged: (Instant, Instant),
    /// The idempotency key of the refresh under way, and when it was first tried.
    pub(super) pending: Option<(String, Instant)>,
}

impl Session {
    /// Signs in; nothing if the account is banned.
    pub(super) async fn open(caller: &ApiClient, email: &str) -> Result<Option<Self>, CutOff> {
        let begun = send(caller.get("/auth/login?provider=demo&return_to=/account")).await?;
        let begun = Begun::of(&begun);
        let approved = send(caller.approval(&begun, email)).await?;
        assert_eq!(approved.status(), 303, "{:?}", approved.text().await);
        let callback = called_back(&approved);
        let answer = ask(caller.completion(&begun.cookie, &callback)).await?;
        if !answer.granted(200, (400, "banned")) {
            return Ok(None);
        }
        let tokens: TokenResponse = answer.read();
        let id = claims(&tokens.access_token)["sid"]
            .as_str()
            .map(str::to_owned);
        Ok(Some(Self {
            id: id.expect("a session id"),
            access: Some(tokens.access_token),
            older: None,
            revoked: Vec::new(),
            refresh: tokens.refresh_token,
            spent: Vec::new(),
            exchanged: (Instant::now(), Instant::now()),
            pending: None,
        }))
    }

    /// Refreshes as an honest client does: one that was cut off is repeated with its key. False if
    /// the session is over.
    pub(super) async fn refresh(
        &mut self,
        caller: &ApiClient,
        rng: &mut Rng,
    ) -> Result<bool, CutOff> {
        let fresh = || (new_key(rng), Instant::now());
        let (key, asked) = self.pending.get_or_insert_with(fresh).clone();
        let answer = refresh(caller, &self.refresh, &key).await?;
        if !answer.granted(200, (400, "invalid_grant")) {
            return Ok(false);
        }
        let tokens: TokenResponse = answer.read();
        self.pending = None;
        self.older = self
            .access
            .replace(tokens.access_token)
            .or(self.older.take());
        let spent = std::mem::replace(&mut self.refresh, tokens.refresh_token);
        self.spent.insert(0, spent);
        self.spent.truncate(2);
        self.exchanged = (asked, Instant::now());
        Ok(true)
    }

    /// Uses the access token. False if it is refused, or was revoked before.
    pub(super) async fn check(&self, caller: &ApiClient) -> Result<bool, CutOff> {
        match &self.access {
            Some(token) => is_taken(caller, token).await,
            None => Ok(false),
        }
    }

    /// Logs out. False if the access token is refused.
    pub(super) async fn log_out(&self, caller: &ApiClient) -> Result<bool, CutOff> {
        let token = self.access.as_ref().expect("an access token");
        let answer = ask(caller.post("/auth/logout").bearer_auth(token)).await?;
        Ok(answer.granted(204, (401, "token_revoked")))
    }

    /// Revokes the refresh token, and with it the session.
    pub(super) async fn revoke_refresh(&self, caller: &ApiClient) -> Result<(), CutOff> {
        revoke(caller, &self.refresh).await
    }

    /// Revokes the access token alone.
    pub(super) async fn revoke_access(&mut self, caller: &ApiClient) -> Result<(), CutOff> {
        revoke(caller, self.access.as_ref().expect("an access token")).await?;
        self.revoked.extend(self.access.take());
        Ok(())
    }

    /// Does what a thief would: uses a refresh token that was used twice ago. Ends the session.
    pub(super) async fn replay(&self, caller: &ApiClient, rng: &mut Rng) -> Result<(), CutOff> {
        let answer = refresh(caller, &self.spent[1], &new_key(rng)).await?;
        assert!(
            !answer.granted(200, (400, "invalid_grant")),
            "a thief was served"
        );
        Ok(())
    }

    /// The ids of the account's live sessions; the access token must be good.
    pub(super) async fn siblings(&self, caller: &ApiClient) -> Result<Vec<String>, CutOff> {
        let token = self.access.as_ref().expect("an access token");
        let answer = ask(caller.get("/api/sessions").bearer_auth(token)).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        let list: SessionList = answer.read();
        Ok(list
            .sessions
            .into_iter()
            .map(|session| session.id)
            .collect())
    }

    /// Everything that must be refused once the session is over.
    pub(super) fn over(self, how: &'static str) -> Ended {
        let mut access = self.revoked;
        access.extend([self.access, self.older].into_iter().flatten());
        Ended {
            how,
            id: self.id,
            access,
            refresh: self.refresh,
        }
    }
}

/// A session that is over.
#[derive(Debug)]
pub(super) struct Ended {
    #[expect(dead_code, reason = "told when it is found alive")]
    how: &'static str,
    pub(super) id: String,
    access: Vec<String>,
    refresh: String,
}

impl Ended {
    /// Tries all its tokens, which must be refused.
    pub(super) async fn is_refused(&self, caller: &ApiClient) -> Result<(), CutOff> {
        for token in &self.access {
            let taken = is_taken(caller, token).await?;
            assert!(!taken, "LOST: an access token is taken again: {self:?}");
        }
        let answer = refresh(caller, &self.refresh, "after the end").await?;
        let refreshed = answer.granted(200, (400, "invalid_grant"));
        assert!(!refreshed, "LOST: a refresh token is taken again: {self:?}");
        Ok(())
    }
}

/// Whether an access token is taken; refused, it must be as a revoked one.
pub(super) async fn is_taken(caller: &ApiClient, token: &str) -> Result<bool, CutOff> {
    let answer = ask(caller.get("/api/protected").bearer_auth(token)).await?;
    Ok(answer.granted(200, (401, "token_revoked")))
}

/// The refresh grant.
pub(super) async fn refresh(
    caller: &ApiClient,
    token: &str,
    key: &str,
) -> Result<super::wire::Answer, CutOff> {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let request = caller.post("/auth/token").form(&form);
    ask(request.header("idempotency-key", key)).await
}

pub(super) fn new_key(rng: &mut Rng) -> String {
    format!("{:016x}", rng.u64(..))
}

async fn revoke(caller: &ApiClient, token: &str) -> Result<(), CutOff> {
    let answer = ask(caller.post("/auth/revoke").form(&[("token", token)])).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    Ok(())
}
