//! Limits how often passwords can be guessed, accounts created, and links requested.
//!
//! Failed sign-ins are counted twice: per network, and per account and network. Failures from one
//! network never keep the account's owner from signing in from another network, so an attacker
//! elsewhere cannot lock the owner out. Accounts are identified by a hash of the username, so unknown
//! names are counted like known ones.
//!
//! An attacker with many networks can try more passwords; the strength of passwords
//! ([`rules`](super::rules)) has to withstand that.
//!
//! An application can serve requests without the addresses of their clients. Then nothing
//! distinguishes an attacker from the owner: each account has one larger quota, and there is no
//! limit per network, because one client could use it up and lock all others out.

mod buckets;
#[cfg(test)]
mod tests;

use core::hash::BuildHasher as _;
use core::time::Duration;
use std::hash::RandomState;
use std::net::{IpAddr, Ipv4Addr};

use latchkey_core::Timestamp;

use self::buckets::{Buckets, Quota};
use crate::services::networks::{LEVELS, Network, networks};
use crate::services::rate_limits::TooManyRequests;

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
/// Messages to one mailbox. Several accounts can have the same email address, which nobody
/// verified. The oldest of them is exempt, so that the others cannot keep it from getting links.
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

/// The level of a network (0 is the narrowest) and the network itself.
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
    /// Counts an attempt to sign in with this username, which need not be normalized. Call this
    /// before the password is verified, so that concurrent attempts cannot exceed the limit.
    pub fn begin(
        &self,
        username: &str,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Attempt, TooManyRequests> {
        let account = self.account(username);
        let attempt = Attempt { account, address };
        self.accounts.take_all(attempt.account_keys(), now)?;
        let networks = self.networks.take_all(attempt.network_keys(), now);
        // An attempt that the limit per network refuses does not count against the account.
        networks.inspect_err(|_| self.accounts.give_all_back(attempt.account_keys()))?;
        Ok(attempt)
    }

    /// The password was right: the failures of this account from this network are forgotten.
    pub fn succeeded(&self, attempt: Attempt) {
        for (key, ..) in attempt.account_keys() {
            self.accounts.forget(key);
        }
        self.networks.give_all_back(attempt.network_keys());
    }

    /// The server could not verify the password, so the attempt does not count.
    pub fn not_tried(&self, attempt: Attempt) {
        self.accounts.give_all_back(attempt.account_keys());
        self.networks.give_all_back(attempt.network_keys());
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
        self.sign_ups.take_all(shared_keys(address, SIGN_UPS), now)
    }

    /// Counts a request for a link from this address.
    pub fn link_request(
        &self,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), TooManyRequests> {
        let keys = shared_keys(address, LINK_REQUESTS);
        self.link_requests.take_all(keys, now)
    }

    /// Counts a link that is to be sent to the email address of this account and was requested from
    /// this IP address. `is_oldest` says whether the account is the oldest one with the email
    /// address: the others must not be able to prevent its links. Returns `false` if the link must
    /// not be sent; then it does not count for the account or the email address.
    pub fn allows_link(
        &self,
        username: &str,
        (email, is_oldest): (&str, bool),
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> bool {
        let account = self.account(username);
        let mailbox = mailbox(email);
        // A variant such as ada+1@example.com is not exempt: anyone can be the first to use it.
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
        let mails = self.mails.take_all(shared_keys(address, MAILS), now);
        if mails.is_err() {
            self.links.give_back(account, 0, LINKS);
            if let Some(recipient) = recipient {
                self.recipients.give_back(recipient, 0, OF_RECIPIENT);
            }
        }
        mails.is_ok()
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
    fn account_keys(self) -> impl Iterator<Item = ((u64, Option<Source>), usize, Quota)> + Clone {
        let unknown = (self.address.is_none()).then_some((None, 0, OF_ACCOUNT_ANYWHERE));
        let known = sources(self.address).map(|source| (Some(source), source.0, OF_ACCOUNT));
        let keys = known.chain(unknown);
        keys.map(move |(source, level, quota)| ((self.account, source), level, quota))
    }

    /// The keys under which failures from the client's networks are counted.
    fn network_keys(self) -> impl Iterator<Item = (Source, usize, Quota)> + Clone {
        sources(self.address).map(|source| (source, source.0, OF_NETWORK))
    }
}

/// The networks that contain an address; none if it is unknown.
fn sources(address: Option<IpAddr>) -> impl Iterator<Item = Source> + Clone {
    address.into_iter().flat_map(networks).enumerate()
}

/// The keys of the networks that contain an address. Clients whose addresses are unknown share the
/// largest quota. If it is used up, all of them are refused, which is acceptable here, but not at a
/// sign-in.
fn shared_keys(
    address: Option<IpAddr>,
    quota: Quota,
) -> impl Iterator<Item = (Source, usize, Quota)> + Clone {
    const UNKNOWN: Source = (LEVELS - 1, IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let shared = address.is_none().then_some(UNKNOWN);
    let sources = sources(address).chain(shared);
    sources.map(move |source| (source, source.0, quota))
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
