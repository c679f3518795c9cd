//! The end of a sign-in: the browser is back from its provider. The start: `begin_sign_in`.

use core::time::Duration;
use std::net::IpAddr;

use latchkey_core::session::{Lifetimes, Thumbprint};
use latchkey_core::sign_in::FLOW_TTL;
use latchkey_core::{
    Denied, EndReason, FlowId, LoginFlow, NotAdmitted, Profile, ReturnTo, Session, SessionId,
    SessionOrigin, Timestamp, User, UserId,
};
use latchkey_guard::step_up;
use latchkey_identity::{AuthenticatedProfile, AuthorizationAnswer, SignInError};
use latchkey_store::{Ended, NewSession, Opened, StoreError};
use latchkey_tokens::KeyError;
use url::Url;

use crate::claims::{Claims, ClaimsError};
use crate::event::Event;
use crate::services::Services;
use crate::services::flows::SealedFlow;
use crate::services::issuer::Tokens;
use crate::services::rate_limits::TooManyRequests;
use crate::settings::TokenSettings;

/// What the browser brought back.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The sign-ins under way in this browser, by its cookies.
    pub flows: Vec<SealedFlow>,
    /// `state`
    pub state: &'a str,
    /// `code`
    pub code: &'a str,
    /// `redirect_uri`: where the browser came back to (RFC 6749 §4.1.3).
    pub redirect_uri: Option<&'a str>,
    /// `iss` (RFC 9207)
    pub iss: Option<&'a str>,
    /// `User-Agent` of the browser.
    pub user_agent: Option<String>,
    /// Its address, which this sign-in counts for.
    pub address: Option<IpAddr>,
    /// The key that signed the request: the session is bound to it.
    pub proven: Option<Thumbprint>,
}

/// A sign-in could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// Missing, foreign, late or used.
    #[error(
        "no sign-in of this browser fits: it was begun in another one, took longer than ten \
         minutes, or was finished already; begin again"
    )]
    FlowNotFound,
    /// The server binds every session to a key, and there is no proof of one.
    #[error(
        "this server signs in only clients that prove possession of a key: send a DPoP proof \
         (RFC 9449) with this request"
    )]
    ProofRequired,
    /// The answer did not arrive where the provider's answers arrive.
    #[error(
        "redirect_uri is not the redirect URI of the provider that was asked, so this answer may be \
         another provider's; begin again"
    )]
    RedirectUri(String),
    /// A step-up ended in another account.
    #[error(
        "this is another account than the one that was to prove who it is; begin again and choose \
         that one"
    )]
    OtherAccount {
        /// The provider that was asked.
        provider: String,
        /// The account that was to prove who it is.
        user: UserId,
    },
    /// The provider, or its answer, is not good.
    #[error(transparent)]
    Provider(#[from] SignInError),
    /// Not by the rule of admission.
    #[error("{cause}")]
    NotAdmitted {
        /// The provider that was asked.
        provider: String,
        /// Why.
        cause: NotAdmitted,
    },
    /// Banned.
    #[error("this account is banned; ask whoever runs this server")]
    Banned {
        /// The provider that was asked.
        provider: String,
        /// The account.
        user: UserId,
    },
    /// Too many sign-ins from this address.
    #[error(transparent)]
    TooMany(#[from] TooManyRequests),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The application could not determine roles and claims.
    #[error("{0}")]
    Claims(String),
    /// No token could be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A person is signed in.
#[derive(Debug)]
pub struct Finished {
    /// Their tokens.
    pub tokens: Tokens,
    /// Where they were going.
    pub return_to: ReturnTo,
    /// The flow that is used up.
    pub flow: FlowId,
}

/// When a user proved who they are, as far as that is known.
fn proven_at(said: Option<Timestamp>, max_age: Option<u64>, now: Timestamp) -> Option<Timestamp> {
    match said {
        // A provider that has known the person for hours says so; its clock may run ahead a little.
        Some(at) => (at <= now.plus(step_up::CLOCK_SKEW)).then_some(at.min(now)),
        // The answer was held to the demand, which passes in silence at Google only. A provider that
        // was not asked anything may have known the person for days.
        None => max_age
            .is_some_and(|age| age <= step_up::MAX_AGE.as_secs())
            .then_some(now),
    }
}

/// What a provider has confirmed of a user, and the flow that it was for.
struct Proved {
    profile: Profile,
    auth_time: Option<Timestamp>,
    id: FlowId,
    flow: LoginFlow,
}

/// Finishes the sign-in, once, and opens a session.
pub async fn finish(state: &Services, answer: Answer<'_>) -> Result<Finished, FinishError> {
    let Proved {
        profile,
        auth_time,
        id,
        flow,
    } = prove(state, &answer).await?;
    // The provider took its time: the session begins now.
    let now = state.clock.now();
    let new_id = UserId::random(&*state.rng);
    let user = state.store.upsert_identity(profile, new_id, now).await?;
    let claims = claims(state, &user, &flow).await?;
    let mut session = Session::open(
        SessionId::random(&*state.rng),
        user.id,
        answer.proven,
        now,
        lifetimes(&state.settings.tokens),
    );
    session.auth_time = proven_at(auth_time, flow.max_age, now);
    let origin = SessionOrigin {
        provider: flow.provider,
        user_agent: answer.user_agent,
        address: answer.address.map(|address| address.to_string()),
    };
    let session = open_session(state, session, origin).await?;
    let keys = state.guard.keys();
    let expires_at = session.access_until;
    let tokens = state
        .issuer
        .issue(keys, &session, &user, claims, now, expires_at)?;
    Ok(Finished {
        tokens,
        return_to: flow.return_to,
        flow: id,
    })
}

/// Shows the code to the provider that was asked and decides on its answer.
async fn prove(state: &Services, answer: &Answer<'_>) -> Result<Proved, FinishError> {
    state.rate_limits.take_from_address(answer.address)?;
    let now = state.clock.now();
    // Before anything is used up: the client may send a proof and try again.
    if answer.proven.is_none() && state.settings.tokens.binding.requires_proofs() {
        return Err(FinishError::ProofRequired);
    }
    let opened = state.flows.open(&answer.flows, answer.state, now);
    let (id, flow) = opened.ok_or(FinishError::FlowNotFound)?;
    let provider = state
        .provider(&flow.provider)
        .ok_or(FinishError::FlowNotFound)?;
    let redirect_uri = state.redirect_uri(provider.id());
    // RFC 9700 §4.4.2: an answer that arrived at another provider's redirect URI is that provider's.
    // Its code must not be shown to this one.
    if !answer
        .redirect_uri
        .is_some_and(|uri| same_url(uri, &redirect_uri))
    {
        return Err(FinishError::RedirectUri(flow.provider));
    }
    // One code for one flow: a second one, or the same again, is not taken to the provider.
    if state.store.is_login_flow_finished(id).await? || !state.flows.take_answer(id, &flow, now) {
        return Err(FinishError::FlowNotFound);
    }
    let answered = AuthorizationAnswer {
        code: answer.code,
        iss: answer.iss,
        nonce: &flow.nonce,
        verifier: &flow.verifier,
        redirect_uri: &redirect_uri,
        max_age: flow.max_age.map(Duration::from_secs),
    };
    let vouched = provider.complete(&answered, now).await;
    if let Err(SignInError::Refused { .. }) = vouched {
        state.rate_limits.charge_refused_code(answer.address);
    }
    let AuthenticatedProfile { profile, auth_time } = vouched?;
    if let Err(cause) = state.settings.rights.admit(&profile) {
        let provider = flow.provider;
        return Err(FinishError::NotAdmitted { provider, cause });
    }
    if let Some(account) = flow.account {
        let user = state.store.user(account).await?;
        if user.is_none_or(|user| user.identity != profile.identity) {
            return Err(FinishError::OtherAccount {
                provider: flow.provider,
                user: account,
            });
        }
    }
    // Another server may have had an answer to the same flow.
    if !state.store.finish_login_flow(id, flow.expires_at).await? {
        return Err(FinishError::FlowNotFound);
    }
    Ok(Proved {
        profile,
        auth_time,
        id,
        flow,
    })
}

/// Roles and claims of the application, or the refusal of the user.
async fn claims(state: &Services, user: &User, flow: &LoginFlow) -> Result<Claims, FinishError> {
    state.claims_of(user).await.map_err(|error| match error {
        ClaimsError::Refused(reason) => {
            tracing::info!(user = %user.id, reason, "the application refused a sign-in");
            FinishError::NotAdmitted {
                provider: flow.provider.clone(),
                cause: NotAdmitted::Application,
            }
        }
        error @ ClaimsError::Unavailable(_) => FinishError::Claims(error.to_string()),
    })
}

fn lifetimes(tokens: &TokenSettings) -> Lifetimes {
    Lifetimes {
        access: tokens.access_ttl,
        absolute: tokens.refresh_ttl,
        idle: tokens.idle_ttl,
    }
}

/// Opens the session, and ends those that must make room for it.
async fn open_session(
    state: &Services,
    session: Session,
    origin: SessionOrigin,
) -> Result<Session, FinishError> {
    let (user, provider) = (session.user, origin.provider.clone());
    let new = NewSession {
        session,
        origin,
        max_sessions: state.settings.limits.max_sessions,
    };
    let started = match state.store.open_session(new).await? {
        Opened::Opened(started) => started,
        Opened::Banned | Opened::UnknownUser => {
            return Err(FinishError::Banned { provider, user });
        }
    };
    for Ended { user, denial, .. } in started.displaced {
        let denied = denial.denied;
        state.deny(user, &[denial]);
        if let Denied::Session(session) = denied {
            state.report(&Event::SessionEnded {
                user,
                session,
                reason: EndReason::Displaced,
            });
        }
    }
    let session = started.session.id;
    tracing::info!(%session, %user, "signed in");
    state.notifier.notify(user);
    state.report(&Event::SignedIn { user, session });
    Ok(started.session)
}

/// How long a person has to come back.
pub const FLOW_LIFE: Duration = FLOW_TTL;

/// Whether both are the same URL, as a browser would write it.
fn same_url(one: &str, other: &str) -> bool {
    match (Url::parse(one), Url::parse(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
