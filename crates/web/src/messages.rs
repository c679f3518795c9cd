//! What the pages say when something did not work. These texts are for the person, not for the log,
//! and never repeat what a provider or another program wrote.

use latchkey_client::{CallError, EndReason, SignInError, TransientError};
use latchkey_types::ErrorCode;

/// Why the person is signed out; `None` if they signed out themselves.
pub(crate) const fn ended(reason: EndReason) -> Option<&'static str> {
    Some(match reason {
        EndReason::SignedOut => return None,
        EndReason::Elsewhere => {
            "You have been signed out: you signed out in another tab, or this site's data was \
             cleared."
        }
        EndReason::ByServer(Some(ErrorCode::RefreshReplayed)) => {
            "You have been signed out: someone used a copy of this device's sign-in. We ended the \
             session for both of you. Sign in again to see when and from where; if you did not \
             make that copy yourself, check this device."
        }
        EndReason::ByServer(Some(ErrorCode::Banned)) => {
            "You have been signed out: this account can no longer sign in. Ask the operator \
             of this site."
        }
        EndReason::ByServer(Some(ErrorCode::NotAdmitted)) => {
            "You have been signed out: this account is no longer admitted here. Ask the \
             operator of this site, or sign in another way."
        }
        EndReason::KeyLost => {
            "You have been signed out. This browser lost the key of its session. Sign in again."
        }
        EndReason::ByServer(_) => {
            "You have been signed out: this session was ended. Sign in again to go on."
        }
    })
}

/// Where to go after signing in again: after a replay, to the page that says what happened.
pub(crate) fn after_sign_in(ended: Option<EndReason>, path: &str) -> &str {
    match ended {
        Some(EndReason::ByServer(Some(ErrorCode::RefreshReplayed))) => "/activity",
        _ => path,
    }
}

/// Why the server cannot be reached at the moment.
pub(crate) const fn trouble(trouble: TransientError, signed_in: bool) -> &'static str {
    match (trouble, signed_in) {
        (TransientError::RateLimited { .. }, true) => {
            "The server received too many requests. You are still signed in; we keep trying."
        }
        (TransientError::Superseded, true) => {
            "Another tab is renewing your sign-in. You are still signed in; we keep trying."
        }
        (TransientError::SigningTimeout, true) => {
            "This browser is busy. You are still signed in; we keep trying."
        }
        (_, true) => "We cannot reach the server. You are still signed in; we keep trying.",
        (_, false) => "We cannot reach the server. We keep trying.",
    }
}

/// Why a sign-in did not work, and what to do.
pub(crate) const fn sign_in(error: SignInError) -> &'static str {
    match error {
        SignInError::NotInProgress | SignInError::Refused(Some(ErrorCode::SignInNotFound)) => {
            "This sign-in is no longer under way in this browser. It was finished already, took \
             longer than ten minutes, or was started in another browser."
        }
        SignInError::Cancelled => "The sign-in was cancelled at the provider. Nothing was changed.",
        SignInError::ProviderTimeout => "That took too long at the provider. Try again.",
        SignInError::Refused(Some(ErrorCode::DpopProofRequired)) => {
            "This site signs you in only in a browser that can keep a key for it, and this one \
             could not. Leave private browsing or allow this site to store data, check the date \
             and time of this device, then try again; or use another browser."
        }
        SignInError::Refused(Some(ErrorCode::ProviderRefused)) => {
            "The provider did not agree to this sign-in. You did nothing wrong. Try again; if it \
             happens again, tell the operator of this site."
        }
        SignInError::Refused(Some(ErrorCode::ProviderUnavailable)) => {
            "The provider does not answer at the moment. Try again in a minute, or choose another \
             way to sign in."
        }
        SignInError::Refused(Some(ErrorCode::ProviderInvalid)) => {
            "The provider's answer did not pass our checks, so we did not accept it. Try again; \
             if it happens again, tell the operator of this site."
        }
        SignInError::Refused(Some(ErrorCode::NotAdmitted)) => {
            "You proved who you are, but this account is not on the list of those who may sign \
             in here. Ask the operator of this site, or choose another account."
        }
        SignInError::Refused(Some(ErrorCode::StepUpRequired)) => {
            "This needs a fresh sign-in, and the provider did not confirm one: it did not ask you \
             again, or it does not say when you signed in there. Try again; if it happens again, \
             tell the operator of this site that the provider must send \u{201c}auth_time\u{201d}."
        }
        SignInError::Refused(Some(ErrorCode::OtherAccount)) => {
            "You chose another account than the one you were asked to confirm. Nothing was changed. \
             Try again and choose the account you are signed in with."
        }
        SignInError::Refused(Some(ErrorCode::EmailUnverified)) => {
            "You proved who you are, but your provider does not say that it verified your email \
             address, so this site cannot tell whether you are on its list. Verify the address \
             there, or ask the operator of this site."
        }
        SignInError::Refused(Some(ErrorCode::Banned)) => {
            "This account may not sign in here. Ask the operator of this site."
        }
        SignInError::Refused(Some(ErrorCode::UnknownProvider)) => {
            "This way to sign in is no longer offered here. Choose another one."
        }
        SignInError::TryLater(TransientError::RateLimited { .. }) => {
            "Too many sign-ins at once. Wait a minute, then try again."
        }
        SignInError::TryLater(TransientError::Unreachable) => {
            "We cannot reach the server. Check your connection, then try again."
        }
        SignInError::TryLater(_) => {
            "The server could not finish the sign-in just now. Try again in a minute."
        }
        SignInError::Refused(_) => "The sign-in could not be finished. Try again from the start.",
    }
}

/// Why something could not be shown.
pub(crate) const fn call(error: CallError) -> &'static str {
    match error {
        CallError::SignedOut => "You are signed out.",
        CallError::AccountChanged => "Another account has signed in.",
        CallError::Unreachable => "We cannot reach the server just now.",
        CallError::TryLater(_) => "Your sign-in cannot be renewed just now.",
        CallError::StepUpRequired => {
            "This needs a fresh sign-in, and there was none. Sign out, sign in again, then repeat \
             it."
        }
        CallError::Status { status: 403, .. } => "This account may not see this.",
        CallError::Status { status: 429, .. } => "Too many requests. Wait a moment.",
        CallError::Status { status: 401, .. } => "The server did not accept this sign-in.",
        CallError::Status { .. } => "The server could not answer.",
        CallError::InvalidResponse => "This page is older than the server. Reload it.",
    }
}

#[cfg(test)]
mod tests;
