//! A session from the client's point of view, and the operations on it.

use std::time::Instant;

use latchkey_types::{SessionList, TokenResponse};

use super::transport::{CutOff, complete, send};
use crate::app::claims;
use fastrand::Rng;
use latchkey_testing::{ApiClient, PendingSignIn, callback_from};

/// A session as its client sees it.
#[derive(Debug)]
pub(super) struct Session {
    /// The claim `sid` of its tokens.
    pub(super) id: String,
    /// The current access token; `None` once it was revoked.
    pub(super) access: Option<String>,
    /// The previous access token.
    pub(super) older: Option<String>,
    /// Revoked access tokens.
    pub(super) revoked: Vec<String>,
    pub(super) refresh: String,
    /// The previous two refresh tokens, newest first.
    pub(super) spent: Vec<String>,
    /// The newest spent token was rotated at some time between these two: when the refresh was first
    /// tried, and when its response arrived.
    pub(super) rotated_between: (Instant, Instant),
    /// The idempotency key of the pending refresh, and the time of its first try.
    pub(super) pending: Option<(String, Instant)>,
}

impl Session {
    /// Signs in; `None` if the user is banned.
    pub(super) async fn open(caller: &ApiClient, email: &str) -> Result<Option<Self>, CutOff> {
        let begun = send(caller.get("/auth/login?provider=demo&return_to=/account")).await?;
        let begun = PendingSignIn::from_redirect(&begun);
        let approved = send(caller.approval(&begun, email)).await?;
        assert_eq!(approved.status(), 303, "{:?}", approved.text().await);
        let callback = callback_from(&approved);
        let response = complete(caller.completion(&begun.cookie, &callback)).await?;
        if !response.granted(200, (400, "banned")) {
            return Ok(None);
        }
        let tokens: TokenResponse = response.read();
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
            rotated_between: (Instant::now(), Instant::now()),
            pending: None,
        }))
    }

    /// Refreshes like a correct client: an interrupted refresh is retried with its idempotency key.
    /// False if the session has ended.
    pub(super) async fn refresh(
        &mut self,
        caller: &ApiClient,
        rng: &mut Rng,
    ) -> Result<bool, CutOff> {
        let fresh = || (new_key(rng), Instant::now());
        let (key, first_tried) = self.pending.get_or_insert_with(fresh).clone();
        let response = refresh(caller, &self.refresh, &key).await?;
        if !response.granted(200, (400, "invalid_grant")) {
            return Ok(false);
        }
        let tokens: TokenResponse = response.read();
        self.pending = None;
        self.older = self
            .access
            .replace(tokens.access_token)
            .or(self.older.take());
        let spent = std::mem::replace(&mut self.refresh, tokens.refresh_token);
        self.spent.insert(0, spent);
        self.spent.truncate(2);
        self.rotated_between = (first_tried, Instant::now());
        Ok(true)
    }

    /// Uses the access token. False if it is refused, or was revoked before.
    pub(super) async fn check(&self, caller: &ApiClient) -> Result<bool, CutOff> {
        match &self.access {
            Some(token) => is_accepted(caller, token).await,
            None => Ok(false),
        }
    }

    /// Signs out. False if the access token is refused.
    pub(super) async fn log_out(&self, caller: &ApiClient) -> Result<bool, CutOff> {
        let token = self.access.as_ref().expect("an access token");
        let response = complete(caller.post("/auth/logout").bearer_auth(token)).await?;
        Ok(response.granted(204, (401, "token_revoked")))
    }

    /// Revokes the refresh token, which ends the session.
    pub(super) async fn revoke_refresh(&self, caller: &ApiClient) -> Result<(), CutOff> {
        revoke(caller, &self.refresh).await
    }

    /// Revokes only the access token.
    pub(super) async fn revoke_access(&mut self, caller: &ApiClient) -> Result<(), CutOff> {
        revoke(caller, self.access.as_ref().expect("an access token")).await?;
        self.revoked.extend(self.access.take());
        Ok(())
    }

    /// Replays the refresh token from two rotations ago, as a thief would. This ends the session.
    pub(super) async fn replay(&self, caller: &ApiClient, rng: &mut Rng) -> Result<(), CutOff> {
        let response = refresh(caller, &self.spent[1], &new_key(rng)).await?;
        assert!(
            !response.granted(200, (400, "invalid_grant")),
            "a replayed token was accepted"
        );
        Ok(())
    }

    /// The ids of the user's live sessions; the access token must be valid.
    pub(super) async fn siblings(&self, caller: &ApiClient) -> Result<Vec<String>, CutOff> {
        let token = self.access.as_ref().expect("an access token");
        let response = complete(caller.get("/api/sessions").bearer_auth(token)).await?;
        assert_eq!(response.status, 200, "{response:?}");
        let list: SessionList = response.read();
        Ok(list
            .sessions
            .into_iter()
            .map(|session| session.id)
            .collect())
    }

    /// The tokens of this session, which must be refused now that it has ended.
    pub(super) fn into_ended(self, how: &'static str) -> Ended {
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

/// A session that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    #[expect(dead_code, reason = "printed if a token is accepted")]
    how: &'static str,
    pub(super) id: String,
    access: Vec<String>,
    refresh: String,
}

impl Ended {
    /// Asserts that all its tokens are refused.
    pub(super) async fn assert_refused(&self, caller: &ApiClient) -> Result<(), CutOff> {
        for token in &self.access {
            let accepted = is_accepted(caller, token).await?;
            assert!(
                !accepted,
                "LOST: an access token is accepted again: {self:?}"
            );
        }
        let response = refresh(caller, &self.refresh, "after the end").await?;
        let refreshed = response.granted(200, (400, "invalid_grant"));
        assert!(
            !refreshed,
            "LOST: a refresh token is accepted again: {self:?}"
        );
        Ok(())
    }
}

/// Whether an access token is accepted. The only refusal allowed is `token_revoked`.
pub(super) async fn is_accepted(caller: &ApiClient, token: &str) -> Result<bool, CutOff> {
    let response = complete(caller.get("/api/protected").bearer_auth(token)).await?;
    Ok(response.granted(200, (401, "token_revoked")))
}

/// Sends a refresh request.
pub(super) async fn refresh(
    caller: &ApiClient,
    token: &str,
    key: &str,
) -> Result<super::transport::Completed, CutOff> {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let request = caller.post("/auth/token").form(&form);
    complete(request.header("idempotency-key", key)).await
}

pub(super) fn new_key(rng: &mut Rng) -> String {
    format!("{:016x}", rng.u64(..))
}

async fn revoke(caller: &ApiClient, token: &str) -> Result<(), CutOff> {
    let response = complete(caller.post("/auth/revoke").form(&[("token", token)])).await?;
    assert_eq!(response.status, 200, "{response:?}");
    Ok(())
}
