//! Messages for the user when something failed. They never contain text from a provider or another
//! program.

use latchkey_client::{CallError, EndReason, FormError, LinkError, SignInError, TransientError};
use latchkey_types::ErrorCode;

/// Why the user is signed out; `None` if they signed out themselves.
pub(crate) const fn ended(reason: EndReason) -> Option<&'static str> {
    Some(match reason {
        EndReason::SignedOut => return None,
        EndReason::Elsewhere => {
            "You have been signed out because you signed out in another tab, or because this site's \
             data was cleared."
        }
        EndReason::ByServer(Some(ErrorCode::RefreshReplayed)) => {
            "You have been signed out because someone used a copy of this device's session. We \
             ended the session for both of you. Sign in again to see the details. If you \
             did not make the copy yourself, check this device for malware."
        }
        EndReason::ByServer(Some(ErrorCode::Banned)) => {
            "You have been signed out because this account is banned. Contact the operator of this \
             site."
        }
        EndReason::ByServer(Some(ErrorCode::NotAdmitted)) => {
            "You have been signed out because this account is no longer allowed to use this site. \
             Contact the operator of this site, or sign in with another account."
        }
        EndReason::KeyLost => {
            "You have been signed out. This browser has lost the key to its session. Sign in again."
        }
        EndReason::ByServer(_) => {
            "You have been signed out because this session has ended. Sign in again to continue."
        }
    })
}

/// The page to open after signing in again. After a replay it is the activity page, which shows what
/// happened.
pub(crate) fn after_sign_in(ended: Option<EndReason>, path: &str) -> &str {
    match ended {
        Some(EndReason::ByServer(Some(ErrorCode::RefreshReplayed))) => "/activity",
        _ => path,
    }
}

/// Why a request to the server is failing or waiting.
pub(crate) const fn outage(error: TransientError, signed_in: bool) -> &'static str {
    match (error, signed_in) {
        (TransientError::RateLimited { .. }, true) => {
            "The server received too many requests. You are still signed in, and we will keep trying."
        }
        (TransientError::RateLimited { .. }, false) => {
            "The server received too many requests. We will keep trying."
        }
        (TransientError::Superseded, true) => {
            "Another tab is renewing your session. You are still signed in, and we will keep trying."
        }
        (TransientError::SigningTimeout, true) => {
            "This browser is busy. You are still signed in, and we will keep trying."
        }
        (TransientError::KeyUnavailable, true) => {
            "This browser cannot use its stored key at the moment. You are still signed in, and we \
             will keep trying."
        }
        (_, true) => {
            "We cannot reach the server. You are still signed in, and we will keep trying."
        }
        (_, false) => "We cannot reach the server. We will keep trying.",
    }
}

/// Why a sign-in failed, and what to do.
pub(crate) const fn sign_in(error: SignInError) -> &'static str {
    match error {
        SignInError::NotInProgress | SignInError::Refused(Some(ErrorCode::SignInNotFound)) => {
            "This sign-in is no longer in progress in this browser. It was already used, took \
             longer than ten minutes, or was started in another browser. Start again."
        }
        SignInError::Canceled => "The sign-in was canceled at the provider. Nothing changed.",
        SignInError::StepUpUnsupported => {
            "This action needs a recent sign-in, and this provider cannot confirm one: it does not \
             report when you signed in there. Nothing changed. If your account has another way to \
             sign in, use that one, then try again. Otherwise, contact the operator of this site."
        }
        SignInError::ProviderTimeout => "The sign-in at the provider took too long. Try again.",
        SignInError::Refused(Some(ErrorCode::DpopProofRequired)) => {
            "This site must store a key in your browser, and this browser could not store one. \
             Leave private browsing, allow this site to store data, and check the date and time of \
             this device. Then try again, or use another browser."
        }
        SignInError::Refused(Some(ErrorCode::ProviderRefused)) => {
            "The provider refused this sign-in. You did nothing wrong. Try again. If it happens \
             again, contact the operator of this site."
        }
        SignInError::Refused(Some(ErrorCode::ProviderUnavailable)) => {
            "The provider is not responding. Try again in a minute, or choose another way to sign \
             in."
        }
        SignInError::Refused(Some(ErrorCode::ProviderInvalid)) => {
            "The provider's response did not pass our checks, so we did not accept it. Try again. \
             If it happens again, contact the operator of this site."
        }
        SignInError::Refused(Some(ErrorCode::NotAdmitted)) => {
            "The provider confirmed who you are, but this account is not allowed to use this site. \
             Contact the operator of this site, or choose another account."
        }
        SignInError::Refused(Some(ErrorCode::StepUpRequired)) => {
            "This action needs a recent sign-in, and the provider did not confirm one. Either it \
             did not ask you to sign in again, or it does not report when you signed in. Try \
             again. If it happens again, tell the operator of this site that the provider must \
             send \u{201c}auth_time\u{201d}."
        }
        SignInError::Refused(Some(ErrorCode::OtherAccount)) => {
            "You chose a different account. Nothing changed. Try again and choose the account that \
             you are signed in to."
        }
        SignInError::Refused(Some(ErrorCode::EmailUnverified)) => {
            "The provider confirmed who you are, but not that your email address is verified, so \
             this site cannot check whether you are allowed to use it. Verify the address at the \
             provider, or contact the operator of this site."
        }
        SignInError::Refused(Some(ErrorCode::Banned)) => {
            "This account is banned from this site. Contact the operator of this site."
        }
        SignInError::Refused(Some(ErrorCode::IdentitySuspended)) => {
            "The password of this account was reset, so other ways to sign in are suspended. Sign \
             in with the password, then add this one again on the account page."
        }
        SignInError::Refused(Some(ErrorCode::UnknownProvider)) => {
            "This site does not offer this way to sign in. Choose another one."
        }
        SignInError::TryLater(TransientError::RateLimited { .. }) => {
            "There are too many sign-ins right now. Wait a minute, then try again."
        }
        SignInError::TryLater(TransientError::Unreachable) => {
            "We cannot reach the server. Check your connection, then try again."
        }
        SignInError::TryLater(_) => {
            "The server could not complete the sign-in. Try again in a minute."
        }
        SignInError::Refused(_) => {
            "The sign-in could not be completed. Start again from the sign-in page."
        }
    }
}

/// The server refused a form for a reason that this page does not know.
pub(crate) const FORM_REFUSED: &str =
    "The server did not accept this. Check what you entered, then try again.";

/// Why the server did not accept a form as a whole.
pub(crate) const fn form(error: &FormError) -> &'static str {
    match error {
        FormError::Refused(Some(ErrorCode::InvalidCredentials)) => {
            "The username or the password is wrong."
        }
        FormError::Refused(Some(ErrorCode::LinkInvalid)) => {
            "This link no longer works. It has expired, was already used, or was replaced by a \
             newer one. Request a new link."
        }
        FormError::Refused(Some(ErrorCode::SignUpClosed)) => {
            "You need an invitation to create an account on this site. Ask the administrator of \
             this site for one."
        }
        FormError::Refused(Some(ErrorCode::NotAdmitted)) => {
            "This account is not allowed to use this site. Contact the operator of this site."
        }
        FormError::Refused(Some(code @ (ErrorCode::Banned | ErrorCode::DpopProofRequired))) => {
            sign_in(SignInError::Refused(Some(*code)))
        }
        FormError::TryLater(TransientError::RateLimited { .. }) => {
            "There were too many attempts. Wait a few minutes, then try again."
        }
        FormError::TryLater(TransientError::Unreachable) => {
            "We cannot reach the server. Check your connection, then try again."
        }
        FormError::TryLater(_) => "The server could not do this right now. Try again in a minute.",
        FormError::SignedOut => "You are signed out. Sign in again.",
        FormError::Fields(_) | FormError::Refused(_) => FORM_REFUSED,
    }
}

/// Why a request that a page sent failed.
pub(crate) const fn call(error: CallError) -> &'static str {
    match error {
        CallError::SignedOut => "You are signed out. Sign in again.",
        CallError::AccountChanged => "A different account is signed in now. Reload this page.",
        CallError::Unreachable => {
            "We cannot reach the server. Check your connection, then try again."
        }
        CallError::TryLater(_) => "We cannot renew your session right now. Try again in a minute.",
        CallError::StepUpRequired => {
            "This action needs a recent sign-in. Try again, and sign in when you are asked to."
        }
        CallError::Status {
            code: Some(ErrorCode::LastIdentity),
            ..
        } => {
            "You cannot remove this way to sign in. It is the only one, or it is the password and \
             the others were added less than seven days ago."
        }
        CallError::Status { status: 403, .. } => {
            "This account is not allowed to do this. Contact the operator of this site."
        }
        CallError::Status { status: 429, .. } => {
            "Too many requests. Wait a moment, then try again."
        }
        CallError::Status { status: 401, .. } => {
            "The server did not accept your session. Sign out, then sign in again."
        }
        CallError::Status { .. } => "The server returned an error. Try again in a minute.",
        CallError::InvalidResponse => "This page is out of date. Reload it.",
    }
}

/// Why a way to sign in was not added to the account, and what to do.
pub(crate) const fn link(error: LinkError) -> &'static str {
    match error {
        LinkError::Provider(error) => sign_in(error),
        LinkError::Call(CallError::Status {
            code: Some(ErrorCode::IdentityInUse),
            ..
        }) => {
            "This way to sign in already belongs to another account on this site. Sign in to that \
             account and remove it there, or delete that account. Then add it here."
        }
        LinkError::Call(CallError::Status {
            code: Some(ErrorCode::SignInNotFound),
            ..
        }) => sign_in(SignInError::NotInProgress),
        LinkError::Call(CallError::Status {
            code: Some(ErrorCode::InvalidRequest),
            ..
        }) => "Your account has too many ways to sign in. Remove one first.",
        LinkError::Call(CallError::Status {
            status: 400 | 503,
            code: Some(code),
        }) => sign_in(SignInError::Refused(Some(code))),
        LinkError::Call(error) => call(error),
    }
}

#[cfg(test)]
mod tests;
