use super::*;

mod replies;

const ONE: RequestId = RequestId(1);
const TWO: RequestId = RequestId(2);

fn tokens(generation: u32) -> Tokens {
    Tokens {
        access_token: format!("access-{generation}"),
        refresh_token: format!("refresh-with-a-long-tail-{generation}"),
        access_expires_at: 0,
        refresh_expires_at: 0,
        access_lifetime: 0,
        account: Some("ada".to_owned()),
        bound: false,
        key: None,
        nonce: None,
    }
}

fn holding(generation: u32) -> Stored {
    Stored {
        tokens: Some(tokens(generation)),
        pending: None,
    }
}

fn send(request: RequestId, generation: u32) -> Command {
    Command::Send {
        request,
        access_token: format!("access-{generation}"),
    }
}

fn started(request: RequestId) -> Event {
    Event::RequestStarted {
        request,
        stale: false,
    }
}

fn unauthorized(request: RequestId) -> Event {
    Event::ResponseReceived {
        request,
        unauthorized: true,
    }
}

fn lock_acquired() -> Event {
    Event::LockAcquired {
        fresh_key: "fresh".to_owned(),
    }
}

/// An engine whose request `ONE` got a 401 for generation 1 and whose refresh has been sent.
fn posting() -> Engine {
    let mut engine = Engine::new();
    engine.step(started(ONE), &holding(1));
    engine.step(unauthorized(ONE), &holding(1));
    engine.step(lock_acquired(), &holding(1));
    engine
}

fn backing_off(error: TransientError) -> Engine {
    let mut engine = posting();
    engine.step(Event::Replied(Reply::Unavailable(error)), &holding(1));
    assert!(engine.is_backing_off(), "{engine:?}");
    engine
}

fn fail(request: RequestId, failure: Failure) -> Command {
    Command::Fail { request, failure }
}

fn pending() -> Pending {
    Pending::new("stored".to_owned(), &tokens(1).refresh_token)
}

#[test]
fn a_request_is_sent_with_the_stored_token() {
    let commands = Engine::new().step(started(ONE), &holding(1));
    assert_eq!(commands, [send(ONE, 1)]);
}

#[test]
fn a_request_without_tokens_is_not_sent() {
    let commands = Engine::new().step(started(ONE), &Stored::default());
    assert_eq!(commands, [fail(ONE, Failure::SignedOut)]);
}

#[test]
fn forbidden_is_delivered_without_a_refresh() {
    let mut engine = Engine::new();
    engine.step(started(ONE), &holding(1));
    let received = Event::ResponseReceived {
        request: ONE,
        unauthorized: false,
    };
    assert_eq!(
        engine.step(received, &holding(1)),
        [Command::Deliver { request: ONE }]
    );
    assert!(!engine.is_refreshing());
}

#[test]
fn unauthorized_causes_a_refresh_and_one_retry() {
    let mut engine = Engine::new();
    engine.step(started(ONE), &holding(1));
    assert_eq!(engine.step(unauthorized(ONE), &holding(1)), [Command::Lock]);
    let commands = engine.step(lock_acquired(), &holding(1));
    assert_eq!(
        commands,
        [
            Command::StoreIdempotencyKey(Pending::new(
                "fresh".to_owned(),
                &tokens(1).refresh_token
            )),
            Command::Report(Progress::Started),
            Command::Post {
                refresh_token: tokens(1).refresh_token,
                key: "fresh".to_owned()
            },
        ]
    );
    let commands = engine.step(Event::Replied(Reply::Tokens(tokens(2))), &holding(1));
    assert_eq!(
        commands,
        [
            Command::StoreTokens(tokens(2)),
            Command::RemoveIdempotencyKey,
            Command::Unlock,
            Command::Report(Progress::Refreshed),
            send(ONE, 2),
        ]
    );
    assert_eq!(
        engine.step(unauthorized(ONE), &holding(2)),
        [Command::Deliver { request: ONE }],
        "a second 401 is delivered"
    );
    assert_eq!(engine, Engine::new(), "no state is left");
}

#[test]
fn thirty_requests_share_one_refresh() {
    let mut engine = Engine::new();
    let mut locks = 0;
    for id in 0..30 {
        engine.step(started(RequestId(id)), &holding(1));
    }
    for id in 0..30 {
        locks += engine.step(unauthorized(RequestId(id)), &holding(1)).len();
    }
    assert_eq!(locks, 1);
    engine.step(lock_acquired(), &holding(1));
    let commands = engine.step(Event::Replied(Reply::Tokens(tokens(2))), &holding(1));
    let sent = commands
        .iter()
        .filter(|c| matches!(c, Command::Send { .. }));
    assert_eq!(sent.count(), 30);
}

#[test]
fn an_expired_token_is_refreshed_before_the_request_is_sent() {
    let mut engine = Engine::new();
    let stale = Event::RequestStarted {
        request: ONE,
        stale: true,
    };
    assert_eq!(engine.step(stale, &holding(1)), [Command::Lock]);
    engine.step(lock_acquired(), &holding(1));
    let commands = engine.step(Event::Replied(Reply::Tokens(tokens(2))), &holding(1));
    assert_eq!(commands.last(), Some(&send(ONE, 2)));
    assert_eq!(
        engine.step(unauthorized(ONE), &holding(2)),
        [Command::Lock],
        "this is its first 401: it can still be retried"
    );
}

#[test]
fn a_401_for_an_older_token_than_the_stored_one_retries_without_refreshing() {
    let mut engine = Engine::new();
    engine.step(started(ONE), &holding(1));
    assert_eq!(engine.step(unauthorized(ONE), &holding(2)), [send(ONE, 2)]);
    assert!(!engine.is_refreshing());
}

#[test]
fn tokens_that_another_tab_stored_before_the_lock_are_adopted() {
    let mut engine = Engine::new();
    engine.step(started(ONE), &holding(1));
    engine.step(unauthorized(ONE), &holding(1));
    assert_eq!(
        engine.step(lock_acquired(), &holding(2)),
        [
            Command::Unlock,
            Command::Report(Progress::Adopted),
            send(ONE, 2)
        ]
    );
}

#[test]
fn a_refresh_token_is_always_sent_with_the_same_key() {
    let mut engine = Engine::new();
    engine.step(Event::RefreshRequested(Cause::Manual), &holding(1));
    let stored = Stored {
        pending: Some(pending()),
        ..holding(1)
    };
    let commands = engine.step(lock_acquired(), &stored);
    assert_eq!(
        commands,
        [
            Command::Report(Progress::Started),
            Command::Post {
                refresh_token: tokens(1).refresh_token,
                key: "stored".to_owned()
            },
        ]
    );
}

#[test]
fn a_key_for_another_refresh_token_is_replaced() {
    let mut engine = Engine::new();
    engine.step(Event::RefreshRequested(Cause::Manual), &holding(2));
    let stored = Stored {
        pending: Some(pending()),
        ..holding(2)
    };
    let commands = engine.step(lock_acquired(), &stored);
    assert!(
        matches!(&commands[0], Command::StoreIdempotencyKey(pending) if pending.key == "fresh"),
        "{commands:?}"
    );
}

#[test]
fn a_request_that_needs_a_token_ends_the_backoff_after_a_network_failure() {
    let mut engine = backing_off(TransientError::Unreachable);
    engine.step(started(TWO), &holding(1));
    assert_eq!(engine.step(unauthorized(TWO), &holding(1)), [Command::Lock]);
}

#[test]
fn no_request_shortens_the_delay_that_the_server_demanded() {
    let rate_limited = TransientError::RateLimited {
        retry_after: Some(30),
    };
    let mut engine = backing_off(rate_limited);
    engine.step(started(TWO), &holding(1));
    assert_eq!(
        engine.step(unauthorized(TWO), &holding(1)),
        [fail(TWO, Failure::TryLater(rate_limited))]
    );
    assert!(engine.is_backing_off());
}

#[test]
fn tokens_received_after_a_sign_out_are_not_stored() {
    let mut engine = posting();
    let stored = Stored {
        tokens: None,
        pending: None,
    };
    let commands = engine.step(Event::Replied(Reply::Tokens(tokens(2))), &stored);
    assert_eq!(
        commands,
        [
            Command::Unlock,
            Command::Report(Progress::Abandoned),
            fail(ONE, Failure::SignedOut),
        ]
    );
}

#[test]
fn signing_out_while_backing_off_stops_the_retries() {
    let mut engine = backing_off(TransientError::Unreachable);
    engine.step(Event::StorageChanged, &Stored::default());
    assert_eq!(engine.step(Event::RetryDue, &Stored::default()), []);
}

#[test]
fn a_request_of_one_user_is_never_retried_for_another() {
    let mut engine = Engine::new();
    engine.step(started(ONE), &holding(1));
    let mut other = holding(2);
    other.tokens.as_mut().expect("tokens").account = Some("grace".to_owned());
    assert_eq!(
        engine.step(unauthorized(ONE), &other),
        [fail(ONE, Failure::AccountChanged)]
    );
}

#[test]
fn a_request_rejected_with_newer_tokens_during_an_old_refresh_causes_another_refresh() {
    let mut engine = posting();
    engine.step(started(TWO), &holding(5));
    engine.step(unauthorized(TWO), &holding(5));
    let commands = engine.step(Event::Replied(Reply::Tokens(tokens(2))), &holding(5));
    assert_eq!(
        commands,
        [
            Command::Unlock,
            Command::Report(Progress::Adopted),
            send(ONE, 5),
            Command::Lock,
        ]
    );
}

#[test]
fn a_manual_refresh_during_a_refresh_causes_another_one() {
    let mut engine = posting();
    engine.step(Event::RefreshRequested(Cause::Manual), &holding(1));
    let commands = engine.step(Event::Replied(Reply::Tokens(tokens(2))), &holding(1));
    assert_eq!(commands.last(), Some(&Command::Lock));
}

#[test]
fn near_expiry_during_a_refresh_does_nothing() {
    let mut engine = posting();
    assert_eq!(
        engine.step(Event::RefreshRequested(Cause::Automatic), &holding(1)),
        []
    );
}

#[test]
fn a_dropped_request_is_forgotten() {
    let mut engine = posting();
    engine.step(Event::RequestDropped { request: ONE }, &holding(1));
    let commands = engine.step(Event::Replied(Reply::Tokens(tokens(2))), &holding(1));
    assert!(!commands.contains(&send(ONE, 2)), "{commands:?}");
}
