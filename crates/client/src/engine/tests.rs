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
        access_life: 0,
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

fn begun(request: RequestId) -> Event {
    Event::Begun {
        request,
        stale: false,
    }
}

fn refused(request: RequestId) -> Event {
    Event::Answered {
        request,
        unauthorized: true,
    }
}

fn locked() -> Event {
    Event::Locked {
        fresh_key: "fresh".to_owned(),
    }
}

/// An engine whose request `ONE` got a 401 for generation 1 and whose refresh has been sent.
fn posting() -> Engine {
    let mut engine = Engine::new();
    engine.step(begun(ONE), &holding(1));
    engine.step(refused(ONE), &holding(1));
    engine.step(locked(), &holding(1));
    engine
}

fn backing_off(trouble: Trouble) -> Engine {
    let mut engine = posting();
    engine.step(Event::Replied(Reply::Unavailable(trouble)), &holding(1));
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
    let commands = Engine::new().step(begun(ONE), &holding(1));
    assert_eq!(commands, [send(ONE, 1)]);
}

#[test]
fn a_request_without_tokens_is_not_sent() {
    let commands = Engine::new().step(begun(ONE), &Stored::default());
    assert_eq!(commands, [fail(ONE, Failure::SignedOut)]);
}

#[test]
fn forbidden_is_delivered_without_a_refresh() {
    let mut engine = Engine::new();
    engine.step(begun(ONE), &holding(1));
    let answered = Event::Answered {
        request: ONE,
        unauthorized: false,
    };
    assert_eq!(
        engine.step(answered, &holding(1)),
        [Command::Deliver { request: ONE }]
    );
    assert!(!engine.is_refreshing());
}

#[test]
fn unauthorized_causes_a_refresh_and_one_retry() {
    let mut engine = Engine::new();
    engine.step(begun(ONE), &holding(1));
    assert_eq!(engine.step(refused(ONE), &holding(1)), [Command::Lock]);
    let commands = engine.step(locked(), &holding(1));
    assert_eq!(
        commands,
        [
            Command::RememberKey(Pending::new("fresh".to_owned(), &tokens(1).refresh_token)),
            Command::Tell(Progress::Begun),
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
            Command::ForgetKey,
            Command::Unlock,
            Command::Tell(Progress::Refreshed),
            send(ONE, 2),
        ]
    );
    assert_eq!(
        engine.step(refused(ONE), &holding(2)),
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
        engine.step(begun(RequestId(id)), &holding(1));
    }
    for id in 0..30 {
        locks += engine.step(refused(RequestId(id)), &holding(1)).len();
    }
    assert_eq!(locks, 1);
    engine.step(locked(), &holding(1));
    let commands = engine.step(Event::Replied(Reply::Tokens(tokens(2))), &holding(1));
    let sent = commands
        .iter()
        .filter(|c| matches!(c, Command::Send { .. }));
    assert_eq!(sent.count(), 30);
}

#[test]
fn an_expired_token_is_refreshed_before_the_request_is_sent() {
    let mut engine = Engine::new();
    let stale = Event::Begun {
        request: ONE,
        stale: true,
    };
    assert_eq!(engine.step(stale, &holding(1)), [Command::Lock]);
    engine.step(locked(), &holding(1));
    let commands = engine.step(Event::Replied(Reply::Tokens(tokens(2))), &holding(1));
    assert_eq!(commands.last(), Some(&send(ONE, 2)));
    assert_eq!(
        engine.step(refused(ONE), &holding(2)),
        [Command::Lock],
        "this is its first 401: it can still be retried"
    );
}

#[test]
fn a_401_for_an_older_token_than_the_stored_one_retries_without_refreshing() {
    let mut engine = Engine::new();
    engine.step(begun(ONE), &holding(1));
    assert_eq!(engine.step(refused(ONE), &holding(2)), [send(ONE, 2)]);
    assert!(!engine.is_refreshing());
}

#[test]
fn tokens_that_another_tab_stored_before_the_lock_are_adopted() {
    let mut engine = Engine::new();
    engine.step(begun(ONE), &holding(1));
    engine.step(refused(ONE), &holding(1));
    assert_eq!(
        engine.step(locked(), &holding(2)),
        [
            Command::Unlock,
            Command::Tell(Progress::Adopted),
            send(ONE, 2)
        ]
    );
}

#[test]
fn a_refresh_token_is_always_sent_with_the_same_key() {
    let mut engine = Engine::new();
    engine.step(Event::Wanted(Cause::Asked), &holding(1));
    let stored = Stored {
        pending: Some(pending()),
        ..holding(1)
    };
    let commands = engine.step(locked(), &stored);
    assert_eq!(
        commands,
        [
            Command::Tell(Progress::Begun),
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
    engine.step(Event::Wanted(Cause::Asked), &holding(2));
    let stored = Stored {
        pending: Some(pending()),
        ..holding(2)
    };
    let commands = engine.step(locked(), &stored);
    assert!(
        matches!(&commands[0], Command::RememberKey(pending) if pending.key == "fresh"),
        "{commands:?}"
    );
}

#[test]
fn a_request_retries_immediately_after_a_network_failure() {
    let mut engine = backing_off(Trouble::Unreachable);
    engine.step(begun(TWO), &holding(1));
    assert_eq!(engine.step(refused(TWO), &holding(1)), [Command::Lock]);
}

#[test]
fn no_request_shortens_the_delay_that_the_server_demanded() {
    let busy = Trouble::Busy {
        retry_after: Some(30),
    };
    let mut engine = backing_off(busy);
    engine.step(begun(TWO), &holding(1));
    assert_eq!(
        engine.step(refused(TWO), &holding(1)),
        [fail(TWO, Failure::TryLater(busy))]
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
            Command::Tell(Progress::Abandoned),
            fail(ONE, Failure::SignedOut),
        ]
    );
}

#[test]
fn signing_out_while_backing_off_stops_the_retries() {
    let mut engine = backing_off(Trouble::Unreachable);
    engine.step(Event::Changed, &Stored::default());
    assert_eq!(engine.step(Event::Due, &Stored::default()), []);
}

#[test]
fn a_request_of_one_user_is_never_retried_for_another() {
    let mut engine = Engine::new();
    engine.step(begun(ONE), &holding(1));
    let mut other = holding(2);
    other.tokens.as_mut().expect("tokens").account = Some("grace".to_owned());
    assert_eq!(
        engine.step(refused(ONE), &other),
        [fail(ONE, Failure::AccountChanged)]
    );
}

#[test]
fn a_request_rejected_with_newer_tokens_during_an_old_refresh_causes_another_refresh() {
    let mut engine = posting();
    engine.step(begun(TWO), &holding(5));
    engine.step(refused(TWO), &holding(5));
    let commands = engine.step(Event::Replied(Reply::Tokens(tokens(2))), &holding(5));
    assert_eq!(
        commands,
        [
            Command::Unlock,
            Command::Tell(Progress::Adopted),
            send(ONE, 5),
            Command::Lock,
        ]
    );
}

#[test]
fn a_manual_refresh_during_a_refresh_causes_another_one() {
    let mut engine = posting();
    engine.step(Event::Wanted(Cause::Asked), &holding(1));
    let commands = engine.step(Event::Replied(Reply::Tokens(tokens(2))), &holding(1));
    assert_eq!(commands.last(), Some(&Command::Lock));
}

#[test]
fn near_expiry_during_a_refresh_does_nothing() {
    let mut engine = posting();
    assert_eq!(
        engine.step(Event::Wanted(Cause::AheadOfExpiry), &holding(1)),
        []
    );
}

#[test]
fn a_dropped_request_is_forgotten() {
    let mut engine = posting();
    engine.step(Event::Dropped { request: ONE }, &holding(1));
    let commands = engine.step(Event::Replied(Reply::Tokens(tokens(2))), &holding(1));
    assert!(!commands.contains(&send(ONE, 2)), "{commands:?}");
}
