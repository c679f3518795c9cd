//! Rate limits on sign-ins, refreshes and revocations: 429 and `Retry-After` (RFC 6585 §4).
//!
//! Rate limits keep one client from using all of a server's capacity. They do not protect secrets:
//! tokens cannot be guessed, and a code is accepted once. Each server therefore counts separately,
//! and several servers together allow the sum of their limits.
//!
//! Rate limits must not become a denial-of-service tool. Refreshes and revocations with a valid
//! token are counted by session and address together, so neither an attacker who copied the token
//! nor another client at the same address can use up the user's quota. Sign-ins and requests with
//! an invalid token can only be counted by address.

use core::num::NonZeroU32;
use core::time::Duration;
use std::hash::Hash;
use std::net::IpAddr;

use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use latchkey_core::{SessionId, UserId};

use super::networks::{LEVELS, Network, networks};
use crate::settings::{Limits, Rate};

/// The quotas of IPv6 networks as multiples of the quota of one address, the narrowest network
/// first. They are large enough for the customers of a mobile network, but too small for one client
/// to starve the others.
const QUOTA_FACTORS: [u32; LEVELS] = [1, 4, 16];

/// The maximum number of counters in each limiter. A limiter that has reached it lets every request
/// through: only the network in front of this server can stop such a flood, and the rate limit must
/// not lock out other users.
const MAX_KEYS: usize = 200_000;

/// How many access tokens of one user can be denied individually in an hour. Every server remembers
/// each denial until the token expires; no application needs more than this.
const REVOCATIONS_PER_HOUR: NonZeroU32 = NonZeroU32::new(200).expect("not zero");

/// One limiter for each network size.
type Limiters<K> = [DefaultKeyedRateLimiter<K>; LEVELS];

/// Counts requests by address and by session.
pub struct RateLimits {
    addresses: Option<Limiters<Network>>,
    sessions: Option<Limiters<(SessionId, Network)>>,
    /// The number of additional requests that are counted for a code that its provider refused.
    refused_code: u32,
    revocations: DefaultKeyedRateLimiter<UserId>,
}

/// A rate limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests {scope}; try again in {retry_after} s")]
pub struct TooManyRequests {
    scope: &'static str,
    /// The time until the next request is accepted, in seconds.
    pub retry_after: u64,
}

impl TooManyRequests {
    /// `scope` says which requests are limited. `retry_after` is in seconds.
    pub(crate) const fn new(scope: &'static str, retry_after: u64) -> Self {
        Self { scope, retry_after }
    }
}

impl RateLimits {
    /// Creates counters with these limits.
    pub fn new(config: &Limits) -> Self {
        Self {
            addresses: config.per_address.map(limiters),
            sessions: config.per_session.map(limiters),
            refused_code: config.per_address.map_or(0, |rate| rate.count.get() / 100),
            revocations: RateLimiter::keyed(Quota::per_hour(REVOCATIONS_PER_HOUR)),
        }
    }

    /// Counts a request from this address, such as a sign-in or one with an invalid token. Without an
    /// address, nothing is counted.
    pub fn take_from_address(&self, address: Option<IpAddr>) -> Result<(), TooManyRequests> {
        let keys = address.into_iter().flat_map(networks);
        take(self.addresses.as_ref(), keys, "from this address")
    }

    /// Takes a hundredth of an address's quota for a code that its provider refused. A forged code
    /// is sent to the provider with this server's credentials, and a provider that receives many of
    /// them may throttle all sign-ins.
    pub fn charge_refused_code(&self, address: Option<IpAddr>) {
        for _ in 0..self.refused_code {
            if self.take_from_address(address).is_err() {
                return;
            }
        }
    }

    /// Counts a refresh of this session, or the revocation of one of its tokens, from this address.
    pub fn take_from_session(
        &self,
        session: SessionId,
        address: Option<IpAddr>,
    ) -> Result<(), TooManyRequests> {
        let keys = address.into_iter().flat_map(networks);
        let keys = keys.map(|network| (session, network));
        take(self.sessions.as_ref(), keys, "for this session")
    }

    /// Counts the individual revocation of an access token of this user. `false` if the user has
    /// too many: the caller then ends the session, as RFC 7009 §2.1 allows, because a single denial
    /// covers all tokens of a session. The revocation itself is never refused.
    pub fn allows_denial(&self, user: UserId) -> bool {
        self.revocations.len() >= MAX_KEYS || self.revocations.check_key(&user).is_ok()
    }

    /// Frees the counters of clients that have not sent requests recently.
    pub fn forget_idle(&self) {
        self.revocations.retain_recent();
        for addresses in self.addresses.iter().flatten() {
            addresses.retain_recent();
        }
        for sessions in self.sessions.iter().flatten() {
            sessions.retain_recent();
        }
    }
}

fn limiters<K: Hash + Eq + Clone>(rate: Rate) -> Limiters<K> {
    QUOTA_FACTORS.map(|factor| {
        let count = rate
            .count
            .saturating_mul(factor.try_into().expect("not zero"));
        let period = rate.per / count.get();
        let quota = Quota::with_period(period.max(Duration::from_nanos(1)));
        let quota = quota.expect("longer than zero").allow_burst(count);
        RateLimiter::keyed(quota)
    })
}

/// Counts a request at each level. The narrowest network comes first: a request refused there does
/// not use up the quota of the wider networks, which other clients share.
fn take<K: Hash + Eq + Clone>(
    limiters: Option<&Limiters<K>>,
    keys: impl Iterator<Item = K>,
    scope: &'static str,
) -> Result<(), TooManyRequests> {
    for (limiter, key) in limiters.into_iter().flatten().zip(keys) {
        if limiter.len() >= MAX_KEYS {
            continue;
        }
        limiter.check_key(&key).map_err(|not_until| {
            let wait = not_until.wait_time_from(limiter.clock().now());
            // Rounded up to whole seconds.
            let retry_after = wait.as_secs() + 1;
            TooManyRequests { scope, retry_after }
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
