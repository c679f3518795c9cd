use super::*;

#[test]
fn who_was_signed_out_is_told_so() {
    for reason in [
        EndReason::Elsewhere,
        EndReason::ByServer(None),
        EndReason::ByServer(Some(ErrorCode::SessionEnded)),
        EndReason::ByServer(Some(ErrorCode::RefreshReplayed)),
        EndReason::ByServer(Some(ErrorCode::Banned)),
        EndReason::ByServer(Some(ErrorCode::NotAdmitted)),
        EndReason::KeyLost,
    ] {
        let sentence = ended(reason).expect("a sentence");
        assert!(sentence.contains("signed out"), "{sentence}");
    }
    assert_eq!(ended(EndReason::SignedOut), None);
}

#[test]
fn a_copy_is_called_a_copy() {
    let sentence = ended(EndReason::ByServer(Some(ErrorCode::RefreshReplayed)));
    assert!(sentence.is_some_and(|sentence| sentence.contains("copy")));
}

#[test]
fn a_lost_key_is_called_that() {
    let sentence = ended(EndReason::KeyLost).expect("a sentence");
    let decided = "This browser lost the key of its session. Sign in again.";
    assert!(sentence.ends_with(decided), "{sentence}");
}

#[test]
fn whoever_was_robbed_is_shown_what_happened() {
    let replayed = EndReason::ByServer(Some(ErrorCode::RefreshReplayed));
    assert_eq!(after_sign_in(Some(replayed), "/account"), "/activity");
    let ended = EndReason::ByServer(Some(ErrorCode::SessionEnded));
    assert_eq!(after_sign_in(Some(ended), "/account"), "/account");
    assert_eq!(after_sign_in(None, "/sessions"), "/sessions");
}

#[test]
fn trouble_never_reads_like_a_sign_out() {
    for met in [
        TransientError::Unreachable,
        TransientError::ServerError,
        TransientError::RateLimited { retry_after: None },
        TransientError::Superseded,
        TransientError::SigningTimeout,
    ] {
        assert!(trouble(met, true).contains("still signed in"), "{met:?}");
        assert!(!trouble(met, false).contains("signed in"), "{met:?}");
    }
    for met in [TransientError::Unreachable, TransientError::ServerError] {
        assert!(trouble(met, true).contains("cannot reach the server"));
    }
}

#[test]
fn each_cause_of_a_failed_sign_in_has_its_own_sentence() {
    let causes = [
        SignInError::NotInProgress,
        SignInError::Cancelled,
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
    let mut sentences: Vec<_> = causes.into_iter().map(sign_in).collect();
    sentences.sort_unstable();
    sentences.dedup();
    assert_eq!(sentences.len(), causes.len());
    assert_eq!(
        sign_in(SignInError::NotInProgress),
        sign_in(SignInError::Refused(Some(ErrorCode::SignInNotFound)))
    );
}

#[test]
fn nobody_is_told_that_they_cancelled_what_went_wrong_elsewhere() {
    let cancelled = sign_in(SignInError::Cancelled);
    assert!(cancelled.contains("cancelled"), "{cancelled}");
    for code in [
        ErrorCode::ProviderRefused,
        ErrorCode::ProviderInvalid,
        ErrorCode::ProviderUnavailable,
    ] {
        let sentence = sign_in(SignInError::Refused(Some(code)));
        assert!(!sentence.contains("cancelled"), "{sentence}");
    }
}
