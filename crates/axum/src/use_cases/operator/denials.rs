//! The denylist, as operators list it and change it.

use latchkey_core::denial::CLOCK_SKEW;
use latchkey_core::{
    AuditEvent, AuditKind, Denial, DenialNote, DenialReason, Denied, EndReason, SessionId,
    Timestamp, UserId,
};
use latchkey_store::{EndSession, InvalidCursor, LiftOutcome, ListCursor, ListPage};
use latchkey_tokens::AccessClaims;

use super::{Operator, OperatorError, checked_reason};
use crate::event::Event;
use crate::services::Services;

/// The claims of an access token that this server issued and that has not expired. The token may
/// already be denied.
pub fn verified_token(services: &Services, token: &str) -> Result<AccessClaims, OperatorError> {
    let guard = &services.guard;
    let claims = guard
        .authenticator()
        .verify_signature(token.trim(), guard.keys());
    let claims = claims.map_err(|_| {
        OperatorError::Token(
            "the token is not an access token of this server; send it exactly as it was issued",
        )
    })?;
    let now = services.clock.now().max(guard.denylist().swept_until());
    if claims.check_time(now).is_err() {
        let text = "the token has expired, so it is refused already";
        return Err(OperatorError::Token(text));
    }
    Ok(claims)
}

impl Operator<'_> {
    /// Up to `limit` denials in force, in the order of their kinds and ids.
    pub async fn denials(
        &self,
        before: Option<ListCursor>,
        limit: usize,
    ) -> Result<ListPage<Denial>, OperatorError> {
        let after = before.map(|cursor| cursor.denied().ok_or(InvalidCursor));
        let (page, next) = self.store.denials(after.transpose()?, limit).await?;
        let in_force = |it: &Denial| self.now < it.until && !it.is_lifted();
        Ok(ListPage {
            items: page.into_iter().filter(in_force).collect(),
            next: next.as_ref().map(ListCursor::at_denial),
        })
    }

    /// Refuses one access token until it expires. Its session stays open, and its next refresh
    /// yields a token that is accepted.
    pub async fn deny_token(
        &self,
        claims: &AccessClaims,
        reason: &str,
    ) -> Result<(), OperatorError> {
        let note = self.note(claims.sub, checked_reason(reason)?);
        let denial = Denial {
            denied: Denied::Token(claims.jti),
            reason: DenialReason::EndedByOperator,
            at: self.now,
            until: Timestamp::from_secs(claims.exp).plus(CLOCK_SKEW),
            cutoff: None,
            note: Some(Box::new(note)),
        };
        let event = AuditEvent {
            at: self.now,
            kind: AuditKind::TokenDenied,
            user: claims.sub,
            session: Some(claims.sid),
            device: self.device.clone(),
            actor: Some(self.actor),
            other_address: None,
        };
        // `None` if it is denied already, which is what was requested.
        if let Some(added) = self.store.add_denial(denial, event).await? {
            self.announce.deny(claims.sub, &[added]);
            tracing::info!(token = %claims.jti, by = %self.actor, "access token denied");
        }
        Ok(())
    }

    /// Ends a session and returns its user. The denial of its tokens has this reason.
    pub async fn end_session(
        &self,
        session: SessionId,
        reason: Option<&str>,
    ) -> Result<UserId, OperatorError> {
        let note = reason.map(checked_reason).transpose()?;
        let reason = EndReason::EndedByOperator;
        let end = EndSession {
            session,
            owner: None,
            reason,
            device: self.device.clone(),
            actor: Some(self.actor),
            note: note.clone(),
            now: self.now,
        };
        let ended = self.store.end_session(end).await?;
        let ended = ended.ok_or(OperatorError::UnknownSession)?;
        let user = ended.user;
        // Denied first, because recording the reason may take time.
        self.announce
            .deny(user, std::slice::from_ref(&ended.denial));
        if let Some(note) = note
            && ended.was_live
        {
            self.annotate(&ended.denial, user, note).await;
        }
        if ended.was_live {
            self.announce.report(&Event::SessionEnded {
                user,
                session,
                reason,
            });
        }
        tracing::info!(%session, by = %self.actor, "session ended by an operator");
        Ok(user)
    }

    /// Ends the sessions of a user and returns how many were live. The denial of their tokens has
    /// this reason.
    pub async fn deny_user(&self, user: UserId, reason: &str) -> Result<usize, OperatorError> {
        let reason = checked_reason(reason)?;
        self.end_sessions_with(user, Some(reason)).await
    }

    /// Lifts an operator's denial of a single token: the token is accepted again until it expires,
    /// unless its session or its user is denied.
    pub async fn lift(&self, denied: Denied) -> Result<(), OperatorError> {
        let lifted = self.store.lift_denial(denied, self.requester(), self.now);
        let denial = match lifted.await? {
            LiftOutcome::Lifted(denial) => denial,
            LiftOutcome::NotLiftable => return Err(OperatorError::NotLiftable),
            LiftOutcome::Unknown => return Err(OperatorError::UnknownDenial),
        };
        if let Some(note) = &denial.note {
            self.announce.deny(note.user, std::slice::from_ref(&denial));
        }
        tracing::info!(?denied, by = %self.actor, "denial lifted");
        Ok(())
    }

    fn note(&self, user: UserId, reason: String) -> DenialNote {
        DenialNote {
            by: self.actor,
            reason,
            user,
            lifted: None,
        }
    }

    /// Records who added a denial that is already in force, and why. If this fails, the denial
    /// stays in force without that note.
    pub(super) async fn annotate(&self, denial: &Denial, user: UserId, reason: String) {
        let mut denial = denial.clone();
        denial.note = Some(Box::new(self.note(user, reason)));
        if let Err(error) = self.store.deny(vec![denial]).await {
            tracing::warn!(%error, "cannot record who added a denial");
        }
    }
}
