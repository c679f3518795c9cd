//! The requests of one tab: the token that each was sent with, and its retry.

use super::active_request::{ActiveRequest, RequestState};
use super::{Command, Engine, Failure, Refresh, RequestId, Stored, Tokens, TransientError};

impl Engine {
    pub(super) fn begin(
        &mut self,
        id: RequestId,
        stale: bool,
        stored: &Stored,
        commands: &mut Vec<Command>,
    ) {
        let Some(tokens) = &stored.tokens else {
            commands.push(Command::Fail {
                request: id,
                failure: Failure::SignedOut,
            });
            return;
        };
        let mut request = ActiveRequest {
            id,
            last_token: tokens.access_token.clone(),
            account: tokens.account.clone(),
            state: RequestState::Waiting {
                unauthorized: false,
            },
            retried: false,
        };
        if stale {
            self.requests.push(request);
            self.need_newer_than(tokens, id, commands);
        } else {
            request.state = RequestState::Sent;
            self.requests.push(request);
            commands.push(Command::Send {
                request: id,
                access_token: tokens.access_token.clone(),
            });
        }
    }

    pub(super) fn response_received(
        &mut self,
        id: RequestId,
        unauthorized: bool,
        stored: &Stored,
        commands: &mut Vec<Command>,
    ) {
        let mut requests = self.requests.iter_mut();
        let Some(request) = requests.find(|request| request.id == id) else {
            return;
        };
        if !unauthorized || request.retried {
            self.remove(id);
            commands.push(Command::Deliver { request: id });
            return;
        }
        request.state = RequestState::Waiting { unauthorized: true };
        match &stored.tokens {
            Some(tokens) if tokens.access_token == request.last_token => {
                self.need_newer_than(tokens, id, commands);
            }
            // The user signed out or changed, or there are newer tokens. No refresh is needed.
            _ => {
                self.resume(stored, |waiting| waiting == id, false, commands);
            }
        }
    }

    /// Starts a refresh for a request that needs newer tokens than `tokens`. Fails the request if
    /// the server has demanded a delay.
    fn need_newer_than(&mut self, tokens: &Tokens, id: RequestId, commands: &mut Vec<Command>) {
        if let Refresh::BackingOff {
            error: error @ TransientError::RateLimited { .. },
            ..
        } = self.refresh
        {
            // The server demanded a delay, which requests must not shorten.
            self.remove(id);
            commands.push(Command::Fail {
                request: id,
                failure: Failure::TryLater(error),
            });
            return;
        }
        self.start(Some(tokens.access_token.clone()), commands);
    }

    /// Lets the waiting requests selected by `selected` proceed with the stored tokens. Returns the
    /// stored access token if at least one request was already sent with it and still needs a newer
    /// token. With `force` this is not checked, because the stored token has just been received.
    pub(super) fn resume(
        &mut self,
        stored: &Stored,
        selected: impl Fn(RequestId) -> bool,
        force: bool,
        commands: &mut Vec<Command>,
    ) -> Option<String> {
        let mut still_stale = None;
        self.requests.retain_mut(|request| {
            let id = request.id;
            let RequestState::Waiting { unauthorized } = request.state else {
                return true;
            };
            if !selected(id) {
                return true;
            }
            let Some(tokens) = &stored.tokens else {
                commands.push(Command::Fail {
                    request: id,
                    failure: Failure::SignedOut,
                });
                return false;
            };
            if are_different(request.account.as_deref(), tokens.account.as_deref()) {
                commands.push(Command::Fail {
                    request: id,
                    failure: Failure::AccountChanged,
                });
                return false;
            }
            if !force && tokens.access_token == request.last_token {
                still_stale = Some(tokens.access_token.clone());
                return true;
            }
            request.state = RequestState::Sent;
            request.retried = unauthorized;
            request.last_token.clone_from(&tokens.access_token);
            commands.push(Command::Send {
                request: id,
                access_token: tokens.access_token.clone(),
            });
            true
        });
        still_stale
    }

    /// Removes a request that was delivered or failed, or whose caller stopped waiting.
    pub(super) fn remove(&mut self, id: RequestId) {
        self.requests.retain(|request| request.id != id);
    }

    /// Fails the waiting requests, because no newer token is available for now.
    pub(super) fn fail_waiting(&mut self, error: TransientError, commands: &mut Vec<Command>) {
        self.requests.retain(|request| {
            let id = request.id;
            if request.state == RequestState::Sent {
                return true;
            }
            commands.push(Command::Fail {
                request: id,
                failure: Failure::TryLater(error),
            });
            false
        });
    }
}

/// Whether both are known and different.
fn are_different(one: Option<&str>, other: Option<&str>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one != other)
}
