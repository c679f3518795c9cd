//! One line in the log for each refusal that an operator should know of, and no flood of them.
//!
//! Whoever attacks a sign-in is refused; so is everybody while a client secret is wrong or a clock
//! is off. The line says who was asked, which check failed, where the request came from, and the id
//! that its answer carries. Nothing that a provider or a client wrote is in it.

use core::time::Duration;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use latchkey_core::{SessionId, UserId};
use latchkey_identity::SignInError;
use latchkey_tokens::dpop::ProofError;
use tracing::field::display;

use crate::http::error::ApiError;
use crate::use_cases::begin_sign_in::BeginError;
use crate::use_cases::refresh::{Owner, RefreshError};
use crate::use_cases::sign_in::FinishError;
use latchkey_guard::{GuardError, HolderError};

/// So many lines of one code are written at once.
const BURST: u32 = 20;
/// After that one in so long.
const PAUSE: Duration = Duration::from_secs(6);

/// The code of a refusal, and what it happened to: whoever can cause one kind at will must not be
/// able to hide another.
type Kind = (&'static str, &'static str);

/// How much was written lately, by kind.
#[derive(Debug)]
pub(crate) struct Refusals {
    start: Instant,
    shares: Mutex<HashMap<Kind, Share>>,
}

impl Default for Refusals {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            shares: Mutex::default(),
        }
    }
}

impl Refusals {
    /// Writes the line of this error, if it is one for the log and there is room.
    pub(super) fn report(&self, error: &ApiError, request_id: &str, address: Option<IpAddr>) {
        let code = error.shape().code.as_str();
        let Some(line) = Line::of(error) else {
            tracing::debug!(request_id, code, %error, "request refused");
            return;
        };
        let Some(suppressed) = self.take((code, line.about)) else {
            return;
        };
        let suppressed = (suppressed > 0).then_some(suppressed);
        let Line {
            provider,
            session,
            user,
            cause,
            ..
        } = line;
        let (session, user) = (session.map(display), user.map(display));
        let address = address.map(display);
        if line.failed {
            tracing::error!(
                request_id,
                code,
                address,
                suppressed,
                cause,
                "request failed"
            );
        } else {
            tracing::warn!(
                request_id, code, provider, address, session, user, suppressed, cause, "refused"
            );
        }
    }

    /// Says how many lines were left out, where nothing has come since that would have said it.
    pub(crate) fn report_suppressed(&self) {
        let now = self.start.elapsed();
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        for ((code, about), share) in &mut *shares {
            if share.suppressed > 0
                && let Some(suppressed) = share.take(now)
            {
                tracing::warn!(
                    code,
                    about,
                    suppressed,
                    "more refusals than lines in this log"
                );
            }
        }
        // What is whole again says nothing.
        shares.retain(|_, share| !share.is_whole(now));
    }

    fn take(&self, kind: Kind) -> Option<u64> {
        let now = self.start.elapsed();
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        shares
            .entry(kind)
            .or_insert_with(|| Share::new(now))
            .take(now)
    }
}

/// What one kind may still write.
#[derive(Debug)]
struct Share {
    left: u32,
    /// When `left` was counted up to.
    counted: Duration,
    suppressed: u64,
}

impl Share {
    const fn new(now: Duration) -> Self {
        Self {
            left: BURST,
            counted: now,
            suppressed: 0,
        }
    }

    fn refill(&mut self, now: Duration) {
        while self.left < BURST && now.saturating_sub(self.counted) >= PAUSE {
            self.left += 1;
            self.counted += PAUSE;
        }
        if self.left == BURST {
            self.counted = now;
        }
    }

    /// Room for one line: how many were left out before it.
    fn take(&mut self, now: Duration) -> Option<u64> {
        self.refill(now);
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            Some(std::mem::take(&mut self.suppressed))
        } else {
            self.suppressed += 1;
            None
        }
    }

    fn is_whole(&mut self, now: Duration) -> bool {
        self.refill(now);
        self.left == BURST && self.suppressed == 0
    }
}

/// What the log says of an error.
struct Line<'a> {
    /// What was refused.
    about: &'static str,
    /// Whether it is ours to mend.
    failed: bool,
    provider: Option<&'a str>,
    session: Option<SessionId>,
    user: Option<UserId>,
    cause: String,
}

impl<'a> Line<'a> {
    /// `None`: this happens to honest clients every day.
    fn of(error: &'a ApiError) -> Option<Self> {
        match error {
            ApiError::Begin(begin) => match &**begin {
                BeginError::Provider(error) => Some(Self::provider(error)),
                BeginError::UnknownProvider | BeginError::TooMany(_) => None,
            },
            ApiError::Finish(finish) => Some(match &**finish {
                FinishError::Provider(error) => Self::provider(error),
                FinishError::FlowNotFound | FinishError::ProofRequired => Self::new(error),
                FinishError::RedirectUri(provider) => {
                    Self::new(error).at(provider).about("redirect URI")
                }
                FinishError::OtherAccount { provider, user } => Self {
                    user: Some(*user),
                    ..Self::because("a step-up ended in another account").at(provider)
                },
                FinishError::NotAdmitted { provider, cause } => {
                    Self::because(cause.cause()).at(provider)
                }
                FinishError::Banned { provider, user } => {
                    let line = Self::because("the account is banned").at(provider);
                    Self {
                        user: Some(*user),
                        ..line
                    }
                }
                FinishError::TooMany(_) => return None,
                FinishError::Store(_) | FinishError::Claims(_) | FinishError::Key(_) => {
                    Self::failure(error)
                }
            }),
            ApiError::Refresh(refresh) => match &**refresh {
                RefreshError::NotAdmitted {
                    provider,
                    of,
                    cause,
                } => Some(
                    Self::because(cause.cause())
                        .at(provider)
                        .of_session(*of)
                        .about("refresh"),
                ),
                RefreshError::Replayed(of) => {
                    let cause = "a refresh token was used twice: the session is ended";
                    Some(Self::because(cause).of_session(*of))
                }
                RefreshError::Unproven(of) => {
                    let cause = "a refresh token of a bound session came without a proof of its \
                                 key: nothing is given";
                    Some(Self::because(cause).of_session(*of))
                }
                RefreshError::Store(_) | RefreshError::Claims(_) | RefreshError::Key(_) => {
                    Some(Self::failure(error))
                }
                RefreshError::Invalid(_)
                | RefreshError::UnknownSession
                | RefreshError::Ended(_)
                | RefreshError::Superseded
                | RefreshError::TooMany(_) => None,
            },
            ApiError::Guard(GuardError::Forbidden(user)) => Some(Self {
                user: Some(*user),
                ..Self::because("the account has not the role admin")
            }),
            ApiError::Proof(ProofError::Invalid(_))
            | ApiError::Guard(GuardError::Holder(
                HolderError::Proof(ProofError::Invalid(_)) | HolderError::KeyMismatch,
            ))
            | ApiError::InvalidClient => Some(Self::new(error)),
            _ if error.shape().status.is_server_error() => Some(Self::failure(error)),
            _ => None,
        }
    }

    fn because(cause: impl Into<String>) -> Self {
        Self {
            about: "request",
            failed: false,
            provider: None,
            session: None,
            user: None,
            cause: cause.into(),
        }
    }

    fn new(error: &ApiError) -> Self {
        Self::because(error.to_string())
    }

    fn failure(error: &ApiError) -> Self {
        Self {
            failed: true,
            ..Self::new(error)
        }
    }

    fn provider(error: &'a SignInError) -> Self {
        match error {
            SignInError::Unavailable { provider, reason }
            | SignInError::Refused { provider, reason } => Self::because(reason).at(provider),
            SignInError::Invalid { provider, what } => Self::because(what.to_string()).at(provider),
        }
        .about("provider")
    }

    fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    fn at(self, provider: &'a str) -> Self {
        Self {
            provider: Some(provider),
            ..self
        }
    }

    fn of_session(self, of: Owner) -> Self {
        Self {
            session: Some(of.session),
            user: Some(of.user),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{BURST, PAUSE, Refusals, Share};

    #[test]
    fn security_86_what_anybody_can_cause_hides_nothing_else() {
        let refusals = Refusals::default();
        while refusals
            .take(("provider_invalid", "redirect URI"))
            .is_some()
        {}
        assert_eq!(refusals.take(("provider_invalid", "provider")), Some(0));
    }

    #[test]
    fn a_flood_is_cut_and_counted() {
        let at = Duration::from_secs;
        let mut share = Share::new(at(5));
        for _ in 0..BURST {
            assert_eq!(share.take(at(5)), Some(0));
        }
        for _ in 0..1000 {
            assert_eq!(share.take(at(6)), None);
        }
        assert_eq!(share.take(at(5) + PAUSE), Some(1000));
        assert_eq!(share.take(at(5) + PAUSE), None);
        // Waiting longer gives no more than a burst.
        let later = at(1_000_000);
        assert_eq!(share.take(later), Some(1));
        for _ in 1..BURST {
            assert_eq!(share.take(later), Some(0));
        }
        assert_eq!(share.take(later), None);
        assert!(!share.is_whole(later));
        assert_eq!(share.take(later + PAUSE), Some(1));
        assert!(share.is_whole(later + PAUSE * (BURST + 1)));
    }
}
