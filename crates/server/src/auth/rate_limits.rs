//! Rate limits on `/auth/*`: 429 and `Retry-After` (RFC 6585 §4).
//!
//! They keep one client from taking all of this server's work. They guard no secret: no token can
//! be guessed, and a code is taken once. So each server counts for itself, and what several allow
//! together is the sum.
//!
//! Nobody can use up another's share. What a good refresh token may do is counted by its session
//! and the key that it was proved with, so that whoever copied a bound token counts for himself;
//! only sign-ins, and requests whose token is not good, are counted by address. Who is signed in
//! stays it, whatever others of the same address do.

use core::time::Duration;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use latchkey_core::SessionId;
use latchkey_core::session::Thumbprint;

use crate::config::{LimitsConfig, Rate};

/// What was used, by whom.
pub struct RateLimits {
    addresses: Option<DefaultKeyedRateLimiter<IpAddr>>,
    sessions: Option<DefaultKeyedRateLimiter<(SessionId, Option<Thumbprint>)>>,
}

/// Too many requests of one kind in too short a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests {whose}; try again in {retry_after} s")]
pub struct TooManyRequests {
    whose: &'static str,
    /// When one more will be taken, in seconds.
    pub retry_after: u64,
}

impl RateLimits {
    /// With nothing used yet.
    pub fn new(config: &LimitsConfig) -> Self {
        Self {
            addresses: config.per_address.map(limiter),
            sessions: config.per_session.map(limiter),
        }
    }

    /// Counts a sign-in, or a request whose token is not good, from this address.
    pub fn take_from_address(&self, address: Option<IpAddr>) -> Result<(), TooManyRequests> {
        let address = address.map(subscriber);
        take(self.addresses.as_ref(), address, "from this address")
    }

    /// Counts a refresh of this session, with a proof of this key.
    pub fn take_from_session(
        &self,
        session: SessionId,
        proven: Option<Thumbprint>,
    ) -> Result<(), TooManyRequests> {
        let holder = Some((session, proven));
        take(self.sessions.as_ref(), holder, "for this session")
    }

    /// Forgets those who have used nothing lately.
    pub fn forget_idle(&self) {
        fn forget<K: Hash + Eq + Clone>(limiter: Option<&DefaultKeyedRateLimiter<K>>) {
            if let Some(limiter) = limiter {
                limiter.retain_recent();
                limiter.shrink_to_fit();
            }
        }
        forget(self.addresses.as_ref());
        forget(self.sessions.as_ref());
    }
}

fn limiter<K: Hash + Eq + Clone>(rate: Rate) -> DefaultKeyedRateLimiter<K> {
    let each = rate.per / rate.count.get();
    let quota = Quota::with_period(each.max(Duration::from_nanos(1)));
    let quota = quota.expect("longer than nothing").allow_burst(rate.count);
    RateLimiter::keyed(quota)
}

fn take<K: Hash + Eq + Clone>(
    limiter: Option<&DefaultKeyedRateLimiter<K>>,
    key: Option<K>,
    whose: &'static str,
) -> Result<(), TooManyRequests> {
    let (Some(limiter), Some(key)) = (limiter, key) else {
        return Ok(());
    };
    limiter.check_key(&key).map_err(|not_until| {
        let wait = not_until.wait_time_from(DefaultClock::default().now());
        // The second that has begun is waited for as well.
        let retry_after = wait.as_secs() + 1;
        TooManyRequests { whose, retry_after }
    })
}

/// A subscriber has one IPv4 address, or an IPv6 network of 64 bits (RFC 6177).
fn subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests;
