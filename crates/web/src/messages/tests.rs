use super::*;

#[test]
fn every_end_but_the_users_own_sign_out_is_announced() {
    for reason in [
        EndReason::Elsewhere,
        EndReason::ByServer(None),
        EndReason::ByServer(Some(ErrorCode::SessionEnded)),
        EndReason::ByServer(Some(ErrorCode::RefreshReplayed)),
        EndReason::ByServer(Some(ErrorCode::Banned)),
        EndReason::ByServer(Some(ErrorCode::NotAdmitted)),
        EndReason::KeyLost,
    ] {
        let message = ended(reason).expect("a message");
        assert!(message.contains("signed out"), "{message}");
    }
    assert_eq!(ended(EndReason::SignedOut), None);
}

#[test]
fn replay_message_mentions_the_copy() {
    let message = ended(EndReason::ByServer(Some(ErrorCode::RefreshReplayed)));
    assert!(message.is_some_and(|message| message.contains("copy")));
}

#[test]
fn lost_key_has_its_own_message() {
    let message = ended(EndReason::KeyLost).expect("a message");
    let expected = "This browser has lost the key to its session. Sign in again.";
    assert!(message.ends_with(expected), "{message}");
}

#[test]
fn sign_in_after_a_replay_leads_to_the_activity_page() {
    let replayed = EndReason::ByServer(Some(ErrorCode::RefreshReplayed));
    assert_eq!(after_sign_in(Some(replayed), "/account"), "/activity");
    let ended = EndReason::ByServer(Some(ErrorCode::SessionEnded));
    assert_eq!(after_sign_in(Some(ended), "/account"), "/account");
    assert_eq!(after_sign_in(None, "/sessions"), "/sessions");
}

#[test]
fn outage_does_not_read_like_a_sign_out() {
    for cause in [
        TransientError::Unreachable,
        TransientError::ServerError,
        TransientError::RateLimited { retry_after: None },
        TransientError::Superseded,
        TransientError::SigningTimeout,
        TransientError::KeyUnavailable,
    ] {
        assert!(outage(cause, true).contains("still signed in"), "{cause:?}");
        assert!(!outage(cause, false).contains("signed in"), "{cause:?}");
    }
    for cause in [TransientError::Unreachable, TransientError::ServerError] {
        assert!(outage(cause, true).contains("cannot reach the server"));
    }
    let rate_limited = TransientError::RateLimited { retry_after: None };
    for signed_in in [true, false] {
        let message = outage(rate_limited, signed_in);
        assert!(message.contains("too many requests"), "{message}");
    }
}

#[test]
fn each_cause_of_a_failed_sign_in_has_its_own_message() {
    let causes = [
        SignInError::NotInProgress,
        SignInError::Canceled,
        SignInError::Refused(None),
        SignInError::Refused(Some(ErrorCode::EmailUnverified)),
        SignInError::Refused(Some(ErrorCode::StepUpRequired)),
        SignInError::Refused(Some(ErrorCode::ProviderRefused)),
        SignInError::Refused(Some(ErrorCode::ProviderUnavailable)),
        SignInError::Refused(Some(ErrorCode::ProviderInvalid)),
        SignInError::Refused(Some(ErrorCode::NotAdmitted)),
        SignInError::Refused(Some(ErrorCode::OtherAccount)),
        SignInError::Refused(Some(ErrorCode::Banned)),
        SignInError::Refused(Some(ErrorCode::UnknownProvider)),
        SignInError::TryLater(TransientError::Unreachable),
        SignInError::TryLater(TransientError::ServerError),
        SignInError::TryLater(TransientError::RateLimited { retry_after: None }),
    ];
    let mut messages: Vec<_> = causes.into_iter().map(sign_in).collect();
    messages.sort_unstable();
    messages.dedup();
    assert_eq!(messages.len(), causes.len());
    assert_eq!(
        sign_in(SignInError::NotInProgress),
        sign_in(SignInError::Refused(Some(ErrorCode::SignInNotFound)))
    );
}

#[test]
fn only_a_canceled_sign_in_is_called_canceled() {
    let canceled = sign_in(SignInError::Canceled);
    assert!(canceled.contains("canceled"), "{canceled}");
    for code in [
        ErrorCode::ProviderRefused,
        ErrorCode::ProviderInvalid,
        ErrorCode::ProviderUnavailable,
    ] {
        let message = sign_in(SignInError::Refused(Some(code)));
        assert!(!message.contains("canceled"), "{message}");
    }
}
