//! The meaning of each reply of the token endpoint.

use super::*;

#[test]
fn invalid_grant_ends_the_session() {
    let mut engine = posting();
    let code = Some(latchkey_types::ErrorCode::SessionEnded);
    assert_eq!(
        engine.step(Event::Replied(Reply::Refused(code)), &holding(1)),
        [
            Command::ClearTokens,
            Command::ForgetKey,
            Command::Unlock,
            Command::Tell(Progress::Ended(code)),
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
            Command::Tell(Progress::Adopted),
            send(ONE, 2)
        ]
    );
}

#[test]
fn no_transient_failure_ends_a_session() {
    for trouble in [
        Trouble::Unreachable,
        Trouble::Unwell,
        Trouble::Busy { retry_after: None },
    ] {
        let commands = posting().step(Event::Replied(Reply::Unavailable(trouble)), &holding(1));
        assert!(!commands.contains(&Command::ClearTokens), "{trouble:?}");
        assert!(!commands.contains(&Command::ForgetKey), "{trouble:?}");
        assert!(
            commands.contains(&fail(ONE, Failure::TryLater(trouble))),
            "{commands:?}"
        );
    }
}

#[test]
fn the_backoff_grows_and_respects_retry_after() {
    let busy = Trouble::Busy {
        retry_after: Some(7),
    };
    let mut engine = posting();
    for attempt in 0..3 {
        let commands = engine.step(Event::Replied(Reply::Unavailable(busy)), &holding(1));
        let wait = Command::BackOff {
            attempt,
            at_least: 7,
        };
        assert!(commands.contains(&wait), "{commands:?}");
        assert_eq!(engine.step(Event::Due, &holding(1)), [Command::Lock]);
        engine.step(locked(), &holding(1));
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
    assert!(!commands.contains(&Command::ForgetKey), "{commands:?}");
    assert!(
        !commands.iter().any(|c| matches!(c, Command::Fail { .. })),
        "the request keeps waiting: {commands:?}"
    );
    let commands = engine.step(Event::Changed, &holding(2));
    assert_eq!(commands, [Command::Tell(Progress::Adopted), send(ONE, 2)]);
}

#[test]
fn a_refresh_that_was_not_sent_waits_for_the_retry_or_another_tab() {
    let late = || Event::Replied(Reply::Unavailable(Trouble::Late));
    let is_failure = |command: &Command| matches!(command, Command::Fail { .. });
    let mut engine = posting();
    assert!(!engine.step(late(), &holding(1)).iter().any(is_failure));
    let commands = engine.step(Event::Changed, &holding(2));
    assert_eq!(commands, [Command::Tell(Progress::Adopted), send(ONE, 2)]);
    let mut engine = posting();
    assert!(!engine.step(late(), &holding(1)).iter().any(is_failure));
    assert_eq!(engine.step(Event::Due, &holding(1)), [Command::Lock]);
}

#[test]
fn requests_fail_after_repeated_superseded_or_late_replies() {
    for reply in [Reply::Superseded, Reply::Unavailable(Trouble::Late)] {
        let mut engine = posting();
        let mut failed = Vec::new();
        for _ in 0..4 {
            let commands = engine.step(Event::Replied(reply.clone()), &holding(1));
            let is_failure = |command: &Command| matches!(command, Command::Fail { .. });
            failed.push(commands.iter().filter(|it| is_failure(it)).count());
            engine.step(Event::Due, &holding(1));
            engine.step(locked(), &holding(1));
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
        engine.step(Event::Due, &stored);
        let commands = engine.step(locked(), &stored);
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
    assert_eq!(commands.first(), Some(&Command::ForgetKey));
    let of_another = Pending::new("theirs".to_owned(), &tokens(2).refresh_token);
    let stored = Stored {
        pending: Some(of_another),
        ..holding(2)
    };
    let commands = posting().step(Event::Replied(Reply::Tokens(tokens(2))), &stored);
    assert_eq!(commands.first(), Some(&Command::Unlock));
}
