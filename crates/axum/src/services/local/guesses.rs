//! Limits how often passwords can be guessed, accounts created, and links requested.
//!
//! Failed sign-ins are counted by account and network together, and by network. The failures of one
//! network never keep the account's owner from signing in from another network, so an attacker
//! elsewhere cannot lock the owner out. Accounts are identified by a hash of the username, so unknown
//! names are counted like known ones.
//!
//! An attacker with many networks can try more passwords; the strength of passwords
//! ([`rules`](super::rules)) has to withstand that.
//!
//! An application can serve requests without the addresses of their clients. Then nothing
//! distinguishes an attacker from the owner: each account has one larger quota, and there is no
//! limit by network, because one client could use it up and lock all others out.

use core::hash::{BuildHasher as _, Hash};
use core::time::Duration;
use std::collections::HashMap;
use std::hash::RandomState;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};

use latchkey_core::Timestamp;

use crate::services::networks::{LEVELS, Network, networks};
use crate::services::rate_limits::TooManyRequests;

/// By how much each quota is multiplied for an IPv6 network of each size, the narrowest first.
const FACTORS: [u64; LEVELS] = [1, 4, 16];
/// The maximum number of keys of one kind that are counted. Further keys are not counted until the
/// quotas of others are full again.
const MAX_KEYS: usize = 200_000;

/// A burst, and the time after which one more attempt is permitted.
#[derive(Clone, Copy, Debug)]
struct Quota {
    /// What the requests have in common, for the message.
    scope: &'static str,
    burst: u64,
    period: Duration,
}

/// Failures of one account from one network.
const OF_ACCOUNT: Quota = Quota {
    scope: "with a wrong password",
    burst: 10,
    period: Duration::from_mins(1),
};
/// Failures from one network, which may be an office with many users.
const OF_NETWORK: Quota = Quota {
    scope: "with a wrong password",
    burst: 100,
    period: Duration::from_secs(6),
};
/// Failures of one account from clients whose addresses are unknown.
const OF_ACCOUNT_ANYWHERE: Quota = Quota {
    scope: "with a wrong password",
    burst: 100,
    period: Duration::from_secs(6),
};
/// New accounts from one network.
const SIGN_UPS: Quota = Quota {
    scope: "to create an account",
    burst: 20,
    period: Duration::from_mins(3),
};
/// Requests for a link from one network.
const LINK_REQUESTS: Quota = Quota {
    scope: "for a link",
    burst: 20,
    period: Duration::from_mins(1),
};
/// Links sent to one account: each invalidates the previous one.
const LINKS: Quota = Quota {
    scope: "for a link",
    burst: 3,
    period: Duration::from_mins(10),
};
/// Messages to one mailbox for all accounts but the oldest. Several accounts can have the same email
/// address, which nobody verified; they must not use up what the first one needs.
const OF_RECIPIENT: Quota = Quota {
    scope: "for a link",
    burst: 5,
    period: Duration::from_mins(10),
};
/// Messages that one network causes: a request can cause several.
const MAILS: Quota = Quota {
    scope: "for a link",
    burst: 20,
    period: Duration::from_mins(1),
};

/// The level of a network size, and the network.
type Source = (usize, Network);

/// Counts attempts.
#[derive(Debug, Default)]
pub struct Guesses {
    key: RandomState,
    accounts: Buckets<(u64, Option<Source>)>,
    networks: Buckets<Source>,
    sign_ups: Buckets<Source>,
    link_requests: Buckets<Source>,
    links: Buckets<u64>,
    recipients: Buckets<u64>,
    mails: Buckets<Source>,
}

/// An attempt to sign in, counted as a failure until it succeeds.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    account: u64,
    address: Option<IpAddr>,
}

impl Guesses {
    /// Counts an attempt to sign in to this account, by its username as it was sent. It is counted
    /// before the password is verified, so that concurrent attempts cannot exceed the limit.
    pub fn begin(
        &self,
        username: &str,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Attempt, TooManyRequests> {
        let account = self.account(username);
        let attempt = Attempt { account, address };
        for (key, level, quota) in attempt.account_keys() {
            self.accounts.take(key, level, quota, now)?;
        }
        for source in sources(address) {
            if let Err(refused) = self.networks.take(source, source.0, OF_NETWORK, now) {
                // The account was not tried.
                for (key, level, quota) in attempt.account_keys() {
                    self.accounts.give_back(key, level, quota);
                }
                return Err(refused);
            }
        }
        Ok(attempt)
    }

    /// The password was right: the failures of this account from this network are forgotten.
    pub fn succeeded(&self, attempt: Attempt) {
        for (key, ..) in attempt.account_keys() {
            self.accounts.forget(key);
        }
        for source in sources(attempt.address) {
            self.networks.give_back(source, source.0, OF_NETWORK);
        }
    }

    /// The password was not verified, because the server could not.
    pub fn not_tried(&self, attempt: Attempt) {
        for (key, level, quota) in attempt.account_keys() {
            self.accounts.give_back(key, level, quota);
        }
        for source in sources(attempt.address) {
            self.networks.give_back(source, source.0, OF_NETWORK);
        }
    }

    /// Forgets the failures of an account from a network, because its password was set from that
    /// network.
    pub fn password_set(&self, username: &str, address: Option<IpAddr>) {
        let account = self.account(username);
        for (key, ..) in (Attempt { account, address }).account_keys() {
            self.accounts.forget(key);
        }
    }

    /// Counts a new account from this address.
    pub fn sign_up(&self, address: Option<IpAddr>, now: Timestamp) -> Result<(), TooManyRequests> {
        for source in sources_or_shared(address) {
            self.sign_ups.take(source, source.0, SIGN_UPS, now)?;
        }
        Ok(())
    }

    /// Counts a request for a link from this address.
    pub fn link_request(
        &self,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), TooManyRequests> {
        for source in sources_or_shared(address) {
            self.link_requests
                .take(source, source.0, LINK_REQUESTS, now)?;
        }
        Ok(())
    }

    /// Counts a link that is sent to this account at this email address, because a client with this
    /// address requested it. Other accounts with the email address must not prevent the links of the
    /// oldest one. `false` if the link must not be sent; then it does not count for the account or
    /// the email address.
    pub fn allows_link(
        &self,
        username: &str,
        (email, is_oldest): (&str, bool),
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> bool {
        let account = self.account(username);
        let mailbox = mailbox(email);
        // Anyone can have the oldest account of ada+1@example.com.
        let is_limited = !is_oldest || mailbox != email.to_lowercase();
        let recipient = is_limited.then(|| self.key.hash_one(mailbox));
        if self.links.take(account, 0, LINKS, now).is_err() {
            return false;
        }
        let mut recipients = recipient.iter();
        if recipients.any(|it| self.recipients.take(*it, 0, OF_RECIPIENT, now).is_err()) {
            self.links.give_back(account, 0, LINKS);
            return false;
        }
        for source in sources_or_shared(address) {
            if self.mails.take(source, source.0, MAILS, now).is_err() {
                self.links.give_back(account, 0, LINKS);
                if let Some(recipient) = recipient {
                    self.recipients.give_back(recipient, 0, OF_RECIPIENT);
                }
                return false;
            }
        }
        true
    }

    /// Drops the counters whose quotas are full again.
    pub fn forget_idle(&self, now: Timestamp) {
        self.accounts.prune(now);
        self.networks.prune(now);
        self.sign_ups.prune(now);
        self.link_requests.prune(now);
        self.links.prune(now);
        self.recipients.prune(now);
        self.mails.prune(now);
    }

    fn account(&self, username: &str) -> u64 {
        // Normalized like a username: without surrounding spaces, in lower case.
        self.key.hash_one(username.trim().to_ascii_lowercase())
    }
}

impl Attempt {
    /// The keys under which failures of the account are counted, each with its level and quota.
    fn account_keys(self) -> impl Iterator<Item = ((u64, Option<Source>), usize, Quota)> {
        let unknown = (self.address.is_none()).then_some((None, 0, OF_ACCOUNT_ANYWHERE));
        let known = sources(self.address).map(|source| (Some(source), source.0, OF_ACCOUNT));
        let keys = known.chain(unknown);
        keys.map(move |(source, level, quota)| ((self.account, source), level, quota))
    }
}

/// The networks that contain an address; none if it is unknown.
fn sources(address: Option<IpAddr>) -> impl Iterator<Item = Source> {
    address.into_iter().flat_map(networks).enumerate()
}

/// The networks that contain an address. Clients whose addresses are unknown share the largest quota:
/// unlike sign-ins, what it limits may be refused to all of them.
fn sources_or_shared(address: Option<IpAddr>) -> impl Iterator<Item = Source> {
    const UNKNOWN: Source = (LEVELS - 1, IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let shared = address.is_none().then_some(UNKNOWN);
    sources(address).chain(shared)
}

/// The mailbox of an email address: in lower case, and without what follows a plus sign, which many
/// mail servers ignore.
fn mailbox(email: &str) -> String {
    let email = email.to_lowercase();
    match email.rsplit_once('@') {
        Some((name, host)) => format!("{}@{host}", name.split('+').next().unwrap_or_default()),
        None => email,
    }
}

/// For each key, the time at which its quota is full again, in milliseconds since 1970.
#[derive(Debug)]
struct Buckets<K>(Mutex<HashMap<K, u64>>);

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// The time that one attempt takes from a quota, in milliseconds.
fn cost(quota: Quota, level: usize) -> u64 {
    let millis = u64::try_from(quota.period.as_millis()).unwrap_or(u64::MAX);
    millis / FACTORS[level]
}

impl<K: Hash + Eq + Copy> Buckets<K> {
    fn take(
        &self,
        key: K,
        level: usize,
        quota: Quota,
        now: Timestamp,
    ) -> Result<(), TooManyRequests> {
        let (now, cost) = (now.as_millis(), cost(quota, level));
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.contains_key(&key) && buckets.len() >= MAX_KEYS {
            buckets.retain(|_, full_at| *full_at > now);
            if buckets.len() >= MAX_KEYS {
                return Ok(());
            }
        }
        // A clock that was set back must not keep anyone waiting longer than the whole quota.
        let limit = cost * quota.burst * FACTORS[level];
        let full_at = buckets.get(&key).copied().unwrap_or_default();
        let full_at = full_at.clamp(now, now + limit) + cost;
        if full_at > now + limit {
            let wait = full_at - now - limit;
            return Err(TooManyRequests::new(
                quota.scope,
                wait.div_ceil(1000).max(1),
            ));
        }
        buckets.insert(key, full_at);
        Ok(())
    }

    fn give_back(&self, key: K, level: usize, quota: Quota) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = buckets.get_mut(&key) {
            *full_at = full_at.saturating_sub(cost(quota, level));
        }
    }

    fn forget(&self, key: K) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.remove(&key);
    }

    fn prune(&self, now: Timestamp) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.retain(|_, full_at| *full_at > now.as_millis());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    /// How many of many attempts are permitted at once.
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
        // Neither the account from elsewhere nor another account from here is refused.
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
    fn a_success_forgets_the_failures_and_an_attempt_that_was_not_made_is_not_counted() {
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
        // What may be refused to all of them is limited for all of them together.
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
        // Five messages use up the quota of the mailbox. Those refused then do not count for the
        // account or the network.
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
    fn a_clock_that_is_set_back_delays_nobody_longer_than_a_full_quota() {
        let guesses = Guesses::default();
        let begin = |now| guesses.begin("ada", Some(address("192.0.2.1")), now);
        for _ in 0..10 {
            begin(NOW.plus(Duration::from_hours(1000))).expect("permitted");
        }
        let refused = begin(NOW).expect_err("refused");
        assert!(refused.retry_after <= 60, "{refused:?}");
    }
}
