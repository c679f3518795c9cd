use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// How many of the attempts are permitted if all are made at the same time.
fn permitted(
    guesses: &Guesses,
    attempts: usize,
    next: impl Fn(usize) -> (String, String),
) -> usize {
    let begun = (0..attempts).filter(|number| {
        let (username, from) = next(*number);
        guesses.begin(&username, Some(address(&from)), NOW).is_ok()
    });
    begun.count()
}

#[test]
fn security_95_guesses_are_limited_by_account_and_network() {
    let guesses = Guesses::default();
    let at_ada = |from: &str| ("ada".to_owned(), from.to_owned());
    assert_eq!(permitted(&guesses, 1000, |_| at_ada("192.0.2.1")), 10);
    assert!(
        guesses
            .begin(" Ada ", Some(address("192.0.2.1")), NOW)
            .is_err()
    );
    // Ada can still sign in from another network, and Bob from this one.
    let owner = guesses.begin("ADA", Some(address("192.0.2.2")), NOW);
    guesses.succeeded(owner.expect("permitted"));
    assert!(
        guesses
            .begin("bob", Some(address("192.0.2.1")), NOW)
            .is_ok()
    );
    // One more attempt each minute.
    let refused = guesses.begin("ada", Some(address("192.0.2.1")), NOW);
    assert_eq!(refused.expect_err("refused").retry_after, 60);
    let later = NOW.plus(OF_ACCOUNT.period);
    assert!(
        guesses
            .begin("ada", Some(address("192.0.2.1")), later)
            .is_ok()
    );
    assert!(
        guesses
            .begin("ada", Some(address("192.0.2.1")), later)
            .is_err()
    );
    // Other names do not help.
    let names = |number| (format!("user-{number}"), "192.0.2.7".to_owned());
    assert_eq!(permitted(&guesses, 1000, names), 100);
    // Nor do the other networks of a site.
    let site = |number| ("ada".to_owned(), format!("2001:db8:1:{number:x}::1"));
    assert_eq!(permitted(&guesses, 10_000, site), 160);
}

#[test]
fn a_refused_attempt_is_not_counted() {
    let guesses = Guesses::default();
    let home = address("2001:db8:1:ffff::1");
    // The other networks of a site use up its quota for this account.
    let site = |number| ("ada".to_owned(), format!("2001:db8:1:{number:x}::1"));
    assert_eq!(permitted(&guesses, 1000, site), 160);
    for _ in 0..100 {
        assert!(guesses.begin("ada", Some(home), NOW).is_err());
    }
    // A refill of the site's quota admits this network, because its own quota is still full.
    let later = NOW.plus(OF_ACCOUNT.period / 16);
    assert!(guesses.begin("ada", Some(home), later).is_ok());
}

#[test]
fn a_success_forgets_the_failures_and_an_unverified_attempt_is_not_counted() {
    let guesses = Guesses::default();
    let begin = || guesses.begin("ada", Some(address("192.0.2.1")), NOW);
    for _ in 0..100 {
        guesses.not_tried(begin().expect("permitted"));
    }
    for _ in 0..50 {
        for _ in 0..9 {
            begin().expect("permitted");
        }
        guesses.succeeded(begin().expect("permitted"));
        guesses.networks.0.lock().expect("not poisoned").clear();
    }
    guesses.forget_idle(NOW.plus(Duration::from_hours(1)));
    assert!(guesses.accounts.0.lock().expect("not poisoned").is_empty());
}

#[test]
fn security_95_clients_without_an_address_share_a_quota_per_account_only() {
    let guesses = Guesses::default();
    let permitted = |username: &str| {
        let begun = (0..1000).filter(|_| guesses.begin(username, None, NOW).is_ok());
        begun.count()
    };
    assert_eq!(permitted("ada"), 100);
    // Guesses at one account do not keep the users of other accounts out.
    for number in 0..20 {
        let username = format!("user-{number}");
        assert_eq!(permitted(&username), 100);
    }
    // All of these clients share one quota for sign-ups and one for link requests.
    for _ in 0..320 {
        assert!(guesses.sign_up(None, NOW).is_ok());
        assert!(guesses.link_request(None, NOW).is_ok());
    }
    assert!(guesses.sign_up(None, NOW).is_err());
    assert!(guesses.link_request(None, NOW).is_err());
    assert!(guesses.sign_up(Some(address("192.0.2.1")), NOW).is_ok());
    let later = NOW.plus(OF_ACCOUNT_ANYWHERE.period);
    let owner = guesses.begin("ada", None, later).expect("permitted");
    guesses.succeeded(owner);
    assert_eq!(permitted("ada"), 100);
}

#[test]
fn a_message_that_is_not_sent_is_not_counted() {
    let guesses = Guesses::default();
    let allows = |username: &str, email: &str, from: &str| {
        guesses.allows_link(username, (email, false), Some(address(from)), NOW)
    };
    // Five messages use up the quota of the mailbox. Further messages are refused, and do not count
    // towards the quotas of the account and the network.
    for number in 0..5 {
        let email = format!("Ada+{number}@example.com");
        assert!(allows(&format!("ada-{number}"), &email, "192.0.2.1"));
    }
    for _ in 0..100 {
        assert!(!allows("ada", "ada@example.com", "192.0.2.1"));
    }
    let oldest = |username: &str, email: &str| {
        guesses.allows_link(username, (email, true), Some(address("192.0.2.3")), NOW)
    };
    assert!(oldest("first", "Ada@example.com"));
    assert!(!oldest("tagged", "ada+1@example.com"));
    for _ in 0..3 {
        assert!(allows("ada", "ada@example.org", "192.0.2.1"));
    }
    assert!(!allows("ada", "ada@example.org", "192.0.2.1"));
    for number in 0..12 {
        let name = format!("user-{number}");
        assert!(allows(&name, &format!("{name}@example.com"), "192.0.2.1"));
    }
    assert!(!allows("ben", "ben@example.com", "192.0.2.1"));
    assert!(allows("ben", "ben@example.com", "192.0.2.2"));
}

#[test]
fn nobody_waits_longer_than_one_period_after_the_clock_is_set_back() {
    let guesses = Guesses::default();
    let begin = |now| guesses.begin("ada", Some(address("192.0.2.1")), now);
    for _ in 0..10 {
        begin(NOW.plus(Duration::from_hours(1000))).expect("permitted");
    }
    let refused = begin(NOW).expect_err("refused");
    assert!(refused.retry_after <= 60, "{refused:?}");
}
