//! Logs refusals and server errors that an operator should know about, with a rate limit per kind.
//!
//! Attacks on a sign-in lead to refusals; so do a wrong client secret and a wrong clock. The line of
//! a refusal names the failed check, the client's address, the request id of the response and, if
//! one is involved, the provider. Of the text that a provider or a client sent, it repeats only
//! registered error codes.

use core::time::Duration;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use latchkey_core::{SessionId, UserId};
use latchkey_guard::{GuardError, HolderError};
use latchkey_identity::SignInError;
use latchkey_tokens::dpop::ProofError;
use tracing::field::display;

use crate::http::error::ApiError;
use crate::use_cases::begin_sign_in::BeginError;
use crate::use_cases::local::{self, LocalError};
use crate::use_cases::refresh::{Owner, RefreshError};
use crate::use_cases::sign_in::FinishError;
use crate::use_cases::sign_in::link::LinkError;

/// How many lines of one kind may be written at once.
const BURST: u32 = 20;
/// After a burst, one line of the kind may be written per period.
const REFILL_PERIOD: Duration = Duration::from_secs(6);

/// The code of a refusal and its subject. Kinds are limited separately, so that an attacker who
/// causes one kind at will cannot hide another.
type Kind = (&'static str, &'static str);

/// The log lines of refusals, rate-limited by kind.
#[derive(Debug)]
pub(crate) struct Refusals {
    start: Instant,
    budgets: Mutex<HashMap<Kind, Budget>>,
}

impl Default for Refusals {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            budgets: Mutex::default(),
        }
    }
}

impl Refusals {
    /// Logs an error that operators should know about, unless the limit of its kind is reached.
    /// Other errors are logged at the level `debug`.
    pub(super) fn report(&self, error: &ApiError, address: Option<IpAddr>) {
        let code = error.status_and_codes().code.as_str();
        let Some(line) = Line::of(error) else {
            tracing::debug!(code, %error, "request refused");
            return;
        };
        let Some(suppressed) = self.take((code, line.subject)) else {
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
            tracing::error!(code, address, suppressed, cause, "request failed");
        } else {
            tracing::warn!(
                code,
                provider,
                address,
                session,
                user,
                suppressed,
                cause,
                "request refused"
            );
        }
    }

    /// For each kind with suppressed lines, logs how many there were, if the limit of the kind
    /// allows another line.
    pub(crate) fn report_suppressed(&self) {
        let now = self.start.elapsed();
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        for ((code, subject), budget) in &mut *budgets {
            if budget.suppressed > 0
                && let Some(suppressed) = budget.take(now)
            {
                tracing::warn!(
                    code,
                    subject,
                    suppressed,
                    "log lines with this code and subject were suppressed"
                );
            }
        }
        // Removes full budgets: `take` creates the same budget on demand.
        budgets.retain(|_, budget| !budget.is_full(now));
    }

    fn take(&self, kind: Kind) -> Option<u64> {
        let now = self.start.elapsed();
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        budgets
            .entry(kind)
            .or_insert_with(|| Budget::new(now))
            .take(now)
    }
}

/// How many lines of one kind may still be written.
#[derive(Debug)]
struct Budget {
    left: u32,
    /// The time up to which `left` was refilled.
    refilled_at: Duration,
    suppressed: u64,
}

impl Budget {
    const fn new(now: Duration) -> Self {
        Self {
            left: BURST,
            refilled_at: now,
            suppressed: 0,
        }
    }

    fn refill(&mut self, now: Duration) {
        while self.left < BURST && now.saturating_sub(self.refilled_at) >= REFILL_PERIOD {
            self.left += 1;
            self.refilled_at += REFILL_PERIOD;
        }
        if self.left == BURST {
            self.refilled_at = now;
        }
    }

    /// Takes the budget for one line and returns how many lines were suppressed before it; `None`
    /// if this line must be suppressed.
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

    fn is_full(&mut self, now: Duration) -> bool {
        self.refill(now);
        self.left == BURST && self.suppressed == 0
    }
}

/// The log line of an error.
struct Line<'a> {
    /// The part of the system that the error concerns.
    subject: &'static str,
    /// Whether the server failed, rather than refused the request.
    failed: bool,
    provider: Option<&'a str>,
    session: Option<SessionId>,
    user: Option<UserId>,
    cause: String,
}

impl<'a> Line<'a> {
    /// `None` for errors that are normal for honest clients.
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
                    Self::new(error).at(provider).subject("redirect URI")
                }
                FinishError::OtherAccount { provider, user } => Self {
                    user: Some(*user),
                    ..Self::because("another user completed the step-up").at(provider)
                },
                FinishError::NotAdmitted { provider, cause } => {
                    Self::because(cause.cause()).at(provider)
                }
                FinishError::Banned { provider, user } => {
                    let line = Self::because("the user is banned").at(provider);
                    Self {
                        user: Some(*user),
                        ..line
                    }
                }
                FinishError::IdentitySuspended { provider, user } => Self {
                    user: Some(*user),
                    ..Self::because("the identity is suspended").at(provider)
                },
                FinishError::TooMany(_) => return None,
                FinishError::Store(_) | FinishError::Claims(_) | FinishError::Key(_) => {
                    Self::failure(error)
                }
            }),
            ApiError::Local(local) => Self::of_local(error, local),
            ApiError::Link(link) => match &**link {
                LinkError::InUse(provider) => {
                    let cause = "the identity belongs to another account, so it was not linked";
                    Some(Self::because(cause).at(provider))
                }
                _ => None,
            },
            ApiError::Refresh(refresh) => match &**refresh {
                RefreshError::NotAdmitted {
                    provider,
                    owner,
                    cause,
                } => Some(
                    Self::because(cause.cause())
                        .at(provider)
                        .of_session(*owner)
                        .subject("refresh"),
                ),
                RefreshError::Replayed(owner) => {
                    let cause = "a refresh token was used twice, so the session was ended";
                    Some(Self::because(cause).of_session(*owner))
                }
                RefreshError::KeyMismatch(owner) => {
                    let cause = "a refresh token of a bound session was sent without a DPoP \
                                 proof signed with the session's key";
                    Some(Self::because(cause).of_session(*owner))
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
                ..Self::because("the user does not have the `admin` role")
            }),
            ApiError::Proof(ProofError::Invalid(_))
            | ApiError::Guard(GuardError::Holder(
                HolderError::ProofMissing
                | HolderError::Proof(ProofError::Invalid(_))
                | HolderError::KeyMismatch,
            ))
            | ApiError::InvalidClient => Some(Self::new(error)),
            _ if error.status_and_codes().status.is_server_error() => Some(Self::failure(error)),
            _ => None,
        }
    }

    fn of_local(error: &'a ApiError, local: &LocalError) -> Option<Self> {
        let line = match local {
            LocalError::NotAdmitted(cause) => Self::because(cause.cause()),
            LocalError::Banned(user) => Self {
                user: Some(*user),
                ..Self::because("the user is banned")
            },
            LocalError::InvalidCredentials(_)
            | LocalError::ProofRequired
            | LocalError::LinkInvalid => Self::new(error),
            LocalError::Fields(_)
            | LocalError::SignUpClosed
            | LocalError::NoPassword
            | LocalError::TooMany(_) => return None,
            LocalError::Store(_) | LocalError::Claims(_) | LocalError::Key(_) => {
                Self::failure(error)
            }
        };
        Some(line.at(local::PROVIDER).subject("password"))
    }

    fn because(cause: impl Into<String>) -> Self {
        Self {
            subject: "request",
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
            | SignInError::Refused {
                provider, reason, ..
            } => Self::because(reason).at(provider),
            SignInError::Invalid { provider, error } => {
                Self::because(error.to_string()).at(provider)
            }
        }
        .subject("provider")
    }

    fn subject(self, subject: &'static str) -> Self {
        Self { subject, ..self }
    }

    fn at(self, provider: &'a str) -> Self {
        Self {
            provider: Some(provider),
            ..self
        }
    }

    fn of_session(self, owner: Owner) -> Self {
        Self {
            session: Some(owner.session),
            user: Some(owner.user),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{BURST, Budget, REFILL_PERIOD, Refusals};

    #[test]
    fn security_86_one_kind_of_refusal_does_not_hide_another() {
        let refusals = Refusals::default();
        while refusals
            .take(("provider_invalid", "redirect URI"))
            .is_some()
        {}
        assert_eq!(refusals.take(("provider_invalid", "provider")), Some(0));
    }

    #[test]
    fn a_flood_is_limited_and_the_rest_is_counted() {
        let at = Duration::from_secs;
        let mut budget = Budget::new(at(5));
        for _ in 0..BURST {
            assert_eq!(budget.take(at(5)), Some(0));
        }
        for _ in 0..1000 {
            assert_eq!(budget.take(at(6)), None);
        }
        assert_eq!(budget.take(at(5) + REFILL_PERIOD), Some(1000));
        assert_eq!(budget.take(at(5) + REFILL_PERIOD), None);
        // A longer pause allows no more than one burst.
        let later = at(1_000_000);
        assert_eq!(budget.take(later), Some(1));
        for _ in 1..BURST {
            assert_eq!(budget.take(later), Some(0));
        }
        assert_eq!(budget.take(later), None);
        assert!(!budget.is_full(later));
        assert_eq!(budget.take(later + REFILL_PERIOD), Some(1));
        assert!(budget.is_full(later + REFILL_PERIOD * (BURST + 1)));
    }
}
