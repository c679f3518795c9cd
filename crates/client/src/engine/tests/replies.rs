//! The meaning of each reply of the token endpoint.

use super::*;

#[test]
fn invalid_grant_ends_the_session() {
    let mut engine = posting();
    let code = Some(latchkey_types::ErrorCode::SessionEnded);
    assert_eq!(
        engine.step(Event::Replied(Reply::Refused(code)), &holding(1)),
        [
            Command::RemoveTokens,
            Command::RemoveIdempotencyKey,
            Command::Unlock,
            Command::Report(Progress::Ended(code)),
            fail(ONE, Failure::SignedOut),
        ]
    );
}

#[test]
fn invalid_grant_for_a_token_that_is_no_longer_stored_is_ignored() {
    let commands = posting().step(Event::Replied(Reply::Refused(None)), &holding(2));
    assert_eq!(
        commands,
        [
            Command::Unlock,
            Command::Report(Progress::Adopted),
            send(ONE, 2)
        ]
    );
}

#[test]
fn no_transient_failure_ends_a_session() {
    for error in [
        TransientError::Unreachable,
        TransientError::ServerError,
        TransientError::KeyUnavailable,
        TransientError::RateLimited { retry_after: None },
    ] {
        let commands = posting().step(Event::Replied(Reply::Unavailable(error)), &holding(1));
        assert!(!commands.contains(&Command::RemoveTokens), "{error:?}");
        assert!(
            !commands.contains(&Command::RemoveIdempotencyKey),
            "{error:?}"
        );
        assert!(
            commands.contains(&fail(ONE, Failure::TryLater(error))),
            "{commands:?}"
        );
    }
}

#[test]
fn the_backoff_grows_and_respects_retry_after() {
    let rate_limited = TransientError::RateLimited {
        retry_after: Some(7),
    };
    let mut engine = posting();
    for attempt in 0..3 {
        let commands = engine.step(
            Event::Replied(Reply::Unavailable(rate_limited)),
            &holding(1),
        );
        let wait = Command::BackOff {
            attempt,
            at_least: 7,
        };
        assert!(commands.contains(&wait), "{commands:?}");
        assert_eq!(engine.step(Event::RetryDue, &holding(1)), [Command::Lock]);
        engine.step(lock_acquired(), &holding(1));
    }
}

#[test]
fn superseded_adopts_newer_tokens_in_storage() {
    let commands = posting().step(Event::Replied(Reply::Superseded), &holding(2));
    assert_eq!(commands.last(), Some(&send(ONE, 2)));
}

#[test]
fn superseded_without_newer_tokens_waits_for_them() {
    let mut engine = posting();
    let commands = engine.step(Event::Replied(Reply::Superseded), &holding(1));
    assert!(
        !commands.contains(&Command::RemoveIdempotencyKey),
        "{commands:?}"
    );
    assert!(
        !commands.iter().any(|c| matches!(c, Command::Fail { .. })),
        "the request keeps waiting: {commands:?}"
    );
    let commands = engine.step(Event::StorageChanged, &holding(2));
    assert_eq!(commands, [Command::Report(Progress::Adopted), send(ONE, 2)]);
}

#[test]
fn a_refresh_that_was_not_sent_waits_for_the_retry_or_another_tab() {
    let timed_out = || Event::Replied(Reply::Unavailable(TransientError::SigningTimeout));
    let is_failure = |command: &Command| matches!(command, Command::Fail { .. });
    let mut engine = posting();
    assert!(!engine.step(timed_out(), &holding(1)).iter().any(is_failure));
    let commands = engine.step(Event::StorageChanged, &holding(2));
    assert_eq!(commands, [Command::Report(Progress::Adopted), send(ONE, 2)]);
    let mut engine = posting();
    assert!(!engine.step(timed_out(), &holding(1)).iter().any(is_failure));
    assert_eq!(engine.step(Event::RetryDue, &holding(1)), [Command::Lock]);
}

#[test]
fn requests_fail_after_repeated_superseded_replies_or_signing_timeouts() {
    for reply in [
        Reply::Superseded,
        Reply::Unavailable(TransientError::SigningTimeout),
    ] {
        let mut engine = posting();
        let mut failed = Vec::new();
        for _ in 0..4 {
            let commands = engine.step(Event::Replied(reply.clone()), &holding(1));
            let is_failure = |command: &Command| matches!(command, Command::Fail { .. });
            failed.push(commands.iter().filter(|it| is_failure(it)).count());
            engine.step(Event::RetryDue, &holding(1));
            engine.step(lock_acquired(), &holding(1));
        }
        assert_eq!(failed, [0, 0, 0, 1], "{reply:?}");
    }
}

#[test]
fn a_repeatedly_superseded_key_is_replaced_so_that_the_server_detects_a_thief() {
    let mut engine = posting();
    let stored = Stored {
        pending: Some(pending()),
        ..holding(1)
    };
    let mut keys = Vec::new();
    for _ in 0..5 {
        engine.step(Event::Replied(Reply::Superseded), &stored);
        engine.step(Event::RetryDue, &stored);
        let commands = engine.step(lock_acquired(), &stored);
        keys.extend(commands.into_iter().filter_map(|command| match command {
            Command::Post { key, .. } => Some(key),
            _ => None,
        }));
    }
    assert_eq!(keys, ["stored", "stored", "stored", "fresh", "fresh"]);
}

#[test]
fn the_key_of_a_token_that_is_no_longer_stored_is_removed() {
    let stored = Stored {
        pending: Some(pending()),
        ..holding(2)
    };
    let commands = posting().step(Event::Replied(Reply::Tokens(tokens(2))), &stored);
    assert_eq!(commands.first(), Some(&Command::RemoveIdempotencyKey));
    let of_another = Pending::new("theirs".to_owned(), &tokens(2).refresh_token);
    let stored = Stored {
        pending: Some(of_another),
        ..holding(2)
    };
    let commands = posting().step(Event::Replied(Reply::Tokens(tokens(2))), &stored);
    assert_eq!(commands.first(), Some(&Command::Unlock));
}
