//! Rate limits on sign-ins, refreshes and revocations: 429 and `Retry-After` (RFC 6585 §4).
//!
//! They keep one client from taking all of this server's work. They guard no secret: no token can
//! be guessed, and a code is taken once. So each server counts for itself, and what several allow
//! together is the sum.
//!
//! Nobody elsewhere can use up a person's share. What a good token is used for is counted by its
//! session and the address together: whoever copied it counts for himself, and those who merely
//! share an address with the person do not touch it. Sign-ins, and texts that are no token of ours,
//! have nothing but the address to be counted by.

use core::num::NonZeroU32;
use core::time::Duration;
use std::hash::Hash;
use std::net::IpAddr;

use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use latchkey_core::{SessionId, UserId};

use super::networks::{LEVELS, Network, networks};
use crate::settings::{Limits, Rate};

/// How often the share of one address the networks of IPv6 have, the narrowest first: enough for
/// the customers of a mobile network, too little for one client to drown the others.
const SHARES: [u32; LEVELS] = [1, 4, 16];

/// How many networks of one size, and how many sessions, are counted at most. While there are more, nobody is:
/// so many at once are a flood that only the network before this server can stop, and a limit must
/// not be what keeps honest people out then.
const MOST: usize = 200_000;

/// How many access tokens of one account get a denial of their own in an hour. Each of them is
/// remembered by every server until the token expires; more than this no program has a use for.
const REVOCATIONS_PER_HOUR: NonZeroU32 = NonZeroU32::new(200).expect("not zero");

/// One for each size of network.
type Limiter<K> = [DefaultKeyedRateLimiter<K>; LEVELS];

/// What was used lately, and by whom.
pub struct RateLimits {
    addresses: Option<Limiter<Network>>,
    sessions: Option<Limiter<(SessionId, Network)>>,
    /// What a code that its provider refused costs besides.
    refused_code: u32,
    revocations: DefaultKeyedRateLimiter<UserId>,
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
    pub fn new(config: &Limits) -> Self {
        Self {
            addresses: config.per_address.map(limiter),
            sessions: config.per_session.map(limiter),
            refused_code: config.per_address.map_or(0, |rate| rate.count.get() / 100),
            revocations: RateLimiter::keyed(Quota::per_hour(REVOCATIONS_PER_HOUR)),
        }
    }

    /// Counts a sign-in, or a text that is no token of ours, from this address. Without an address
    /// nothing is counted.
    pub fn take_from_address(&self, address: Option<IpAddr>) -> Result<(), TooManyRequests> {
        let keys = address.into_iter().flat_map(networks);
        take(self.addresses.as_ref(), keys, "from this address")
    }

    /// Counts a code that its provider refused: a hundredth of what an address may have. Codes that
    /// somebody made up are exchanged with this server's credentials, and a provider that sees many
    /// of them may slow down everybody's sign-ins.
    pub fn charge_refused_code(&self, address: Option<IpAddr>) {
        for _ in 0..self.refused_code {
            if self.take_from_address(address).is_err() {
                return;
            }
        }
    }

    /// Counts a use of this session's refresh token, or a revocation of one of its tokens, from
    /// this address.
    pub fn take_from_session(
        &self,
        session: SessionId,
        address: Option<IpAddr>,
    ) -> Result<(), TooManyRequests> {
        let keys = address.into_iter().flat_map(networks);
        let keys = keys.map(|network| (session, network));
        take(self.sessions.as_ref(), keys, "for this session")
    }

    /// Counts an access token of this account that is revoked by itself, and says whether that is
    /// within what an account may have. If it is not, its session is ended instead (RFC 7009 §2.1
    /// allows that): one denial for all tokens of it. So this refuses nobody.
    pub fn takes_revocation(&self, user: UserId) -> bool {
        self.revocations.len() >= MOST || self.revocations.check_key(&user).is_ok()
    }

    /// Forgets those who have used nothing lately.
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

fn limiter<K: Hash + Eq + Clone>(rate: Rate) -> Limiter<K> {
    SHARES.map(|share| {
        let count = rate
            .count
            .saturating_mul(share.try_into().expect("not zero"));
        let each = rate.per / count.get();
        let quota = Quota::with_period(each.max(Duration::from_nanos(1)));
        let quota = quota.expect("longer than nothing").allow_burst(count);
        RateLimiter::keyed(quota)
    })
}

/// Takes one from each level. The narrowest is asked first: what is refused there is not taken from
/// the share of the neighbours.
fn take<K: Hash + Eq + Clone>(
    limiter: Option<&Limiter<K>>,
    keys: impl Iterator<Item = K>,
    whose: &'static str,
) -> Result<(), TooManyRequests> {
    for (limiter, key) in limiter.into_iter().flatten().zip(keys) {
        if limiter.len() >= MOST {
            continue;
        }
        limiter.check_key(&key).map_err(|not_until| {
            let wait = not_until.wait_time_from(limiter.clock().now());
            // The second that has begun is waited for as well.
            let retry_after = wait.as_secs() + 1;
            TooManyRequests { whose, retry_after }
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
