//! The refresh of a tab: acquire the lock, check storage again, send, and interpret the reply.

use super::{
    Cause, Command, Engine, Pending, Progress, Refresh, Reply, Stored, Tokens, TransientError,
};

/// How many failures ([`TransientError::Superseded`] or [`TransientError::SigningTimeout`]) are
/// tolerated before the waiting requests fail. Also how many times a superseded refresh token is sent
/// again with the same idempotency key before a new key is used: with the backoff delays, this takes
/// longer than the server's reuse leeway.
const MAX_ATTEMPTS: u32 = 3;

impl Engine {
    /// Starts a refresh unless one is in progress. `stale` as in [`Refresh::Locking`].
    pub(super) fn start(&mut self, stale: Option<String>, commands: &mut Vec<Command>) {
        if !self.is_refreshing() {
            self.refresh = Refresh::Locking { stale };
            commands.push(Command::Lock);
        }
    }

    pub(super) fn refresh_requested(
        &mut self,
        cause: Cause,
        stored: &Stored,
        commands: &mut Vec<Command>,
    ) {
        let Some(tokens) = &stored.tokens else {
            return;
        };
        match (&mut self.refresh, cause) {
            (Refresh::Locking { stale }, Cause::Manual) => *stale = None,
            (Refresh::Posting { again, .. }, Cause::Manual) => *again = true,
            (Refresh::Idle | Refresh::BackingOff { .. }, Cause::Manual) => {
                self.start(None, commands);
            }
            (Refresh::Idle, Cause::Automatic) => {
                self.start(Some(tokens.access_token.clone()), commands);
            }
            (_, Cause::Automatic) => {}
        }
    }

    pub(super) fn lock_acquired(
        &mut self,
        fresh_key: String,
        stored: &Stored,
        commands: &mut Vec<Command>,
    ) {
        let Refresh::Locking { stale } = &mut self.refresh else {
            commands.push(Command::Unlock);
            return;
        };
        let stale = stale.take();
        let Some(tokens) = &stored.tokens else {
            self.unlock_and_finish(Progress::Abandoned, stored, commands);
            return;
        };
        if stale.is_some_and(|stale| stale != tokens.access_token) {
            self.unlock_and_finish(Progress::Adopted, stored, commands);
            return;
        }
        // All tabs and all retries send a refresh token with the same idempotency key, so that the
        // server can tell a retry from a replay. There is one exception: if the server has
        // repeatedly responded that the token was superseded, but no tab has stored newer tokens,
        // someone else has used it. Then a new idempotency key makes the server detect the replay.
        let is_reusable = self.superseded <= MAX_ATTEMPTS;
        let key = match &stored.pending {
            Some(pending) if is_reusable && pending.is_for(&tokens.refresh_token) => {
                pending.key.clone()
            }
            _ => {
                commands.push(Command::StoreIdempotencyKey(Pending::new(
                    fresh_key.clone(),
                    &tokens.refresh_token,
                )));
                fresh_key
            }
        };
        commands.push(Command::Report(Progress::Started));
        commands.push(Command::Post {
            refresh_token: tokens.refresh_token.clone(),
            key,
        });
        self.refresh = Refresh::Posting {
            stale: Some(tokens.access_token.clone()),
            sent: tokens.refresh_token.clone(),
            again: false,
        };
    }

    pub(super) fn replied(&mut self, reply: Reply, stored: &Stored, commands: &mut Vec<Command>) {
        let Refresh::Posting { stale, sent, again } = &mut self.refresh else {
            return;
        };
        let (stale, sent, again) = (stale.take(), core::mem::take(sent), *again);
        let ours = |tokens: &Tokens| tokens.refresh_token == sent;
        if !stored.tokens.as_ref().is_some_and(ours) {
            // The user signed out or signed in again, or a tab that stole the lock has refreshed:
            // this reply is about a token that is no longer stored.
            if matches!(&stored.pending, Some(pending) if pending.is_for(&sent)) {
                commands.push(Command::RemoveIdempotencyKey);
            }
            let progress = if stored.tokens.is_some() {
                Progress::Adopted
            } else {
                Progress::Abandoned
            };
            self.unlock_and_finish(progress, stored, commands);
            return;
        }
        match reply {
            Reply::Tokens(tokens) => {
                commands.push(Command::StoreTokens(tokens.clone()));
                commands.push(Command::RemoveIdempotencyKey);
                let stored = Stored {
                    tokens: Some(tokens),
                    pending: None,
                };
                self.unlock_and_finish(Progress::Refreshed, &stored, commands);
                if again {
                    self.start(None, commands);
                }
            }
            Reply::Refused(code) => {
                commands.push(Command::RemoveTokens);
                commands.push(Command::RemoveIdempotencyKey);
                self.unlock_and_finish(Progress::Ended(code), &Stored::default(), commands);
            }
            Reply::Superseded => {
                self.superseded = self.superseded.saturating_add(1);
                self.back_off(stale, TransientError::Superseded, commands);
            }
            Reply::Unavailable(error) => self.back_off(stale, error, commands),
        }
    }

    pub(super) fn storage_changed(&mut self, stored: &Stored, commands: &mut Vec<Command>) {
        let Refresh::BackingOff { stale, .. } = &self.refresh else {
            return;
        };
        match &stored.tokens {
            None => self.finish(Progress::Abandoned, stored, commands),
            Some(tokens) if stale.as_ref() != Some(&tokens.access_token) => {
                self.finish(Progress::Adopted, stored, commands);
            }
            Some(_) => {}
        }
    }

    pub(super) fn retry_due(&mut self, commands: &mut Vec<Command>) {
        if let Refresh::BackingOff { stale, .. } = &mut self.refresh {
            let stale = stale.take();
            self.start(stale, commands);
        }
    }

    fn back_off(
        &mut self,
        stale: Option<String>,
        error: TransientError,
        commands: &mut Vec<Command>,
    ) {
        commands.push(Command::Unlock);
        commands.push(Command::Report(Progress::Delayed(error)));
        let at_least = match error {
            TransientError::RateLimited { retry_after } => retry_after.unwrap_or(0),
            _ => 0,
        };
        commands.push(Command::BackOff {
            attempt: self.failures,
            at_least,
        });
        self.refresh = Refresh::BackingOff { stale, error };
        // Neither of these errors means that the server is unavailable.
        let resolves_itself = matches!(
            error,
            TransientError::Superseded | TransientError::SigningTimeout
        );
        let tolerated = resolves_itself && self.failures < MAX_ATTEMPTS;
        self.failures = self.failures.saturating_add(1);
        if !tolerated {
            self.fail_waiting(error, commands);
        }
    }

    /// Releases the lock and finishes.
    fn unlock_and_finish(
        &mut self,
        progress: Progress,
        stored: &Stored,
        commands: &mut Vec<Command>,
    ) {
        commands.push(Command::Unlock);
        self.finish(progress, stored, commands);
    }

    /// Ends the refresh and lets the waiting requests proceed.
    fn finish(&mut self, progress: Progress, stored: &Stored, commands: &mut Vec<Command>) {
        self.refresh = Refresh::Idle;
        self.failures = 0;
        self.superseded = 0;
        commands.push(Command::Report(progress));
        let force = progress == Progress::Refreshed;
        if let Some(stale) = self.resume(stored, |_| true, force, commands) {
            self.start(Some(stale), commands);
        }
    }
}
