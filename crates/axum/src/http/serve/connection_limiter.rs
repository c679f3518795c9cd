//! Limits the connections of each network, so that one client cannot hold all of them.

use core::time::Duration;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::limits::MAX_CONNECTIONS;
use crate::services::networks::{LEVELS, Network, networks};

/// The limits of IPv6 networks as multiples of the limit of one address, the narrowest network
/// first.
const LIMIT_FACTORS: [usize; LEVELS] = [1, 2, 4];
/// How often refused connections are logged.
const WARNING_INTERVAL: Duration = Duration::from_mins(1);

/// Counts open connections by network.
#[derive(Debug)]
pub(super) struct ConnectionLimiter {
    /// The maximum number of connections for each network size; `None` means no limit.
    limits: Option<[usize; LEVELS]>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    networks: [HashMap<Network, usize>; LEVELS],
    warned: Option<Instant>,
}

/// The slot of one connection, which is released when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    limiter: Arc<ConnectionLimiter>,
    address: IpAddr,
}

impl ConnectionLimiter {
    pub(super) fn new(per_address: Option<u32>) -> Arc<Self> {
        let limits = |limit: u32| {
            LIMIT_FACTORS.map(|factor| (limit as usize * factor).min(MAX_CONNECTIONS / 2))
        };
        Arc::new(Self {
            limits: per_address.map(limits),
            open: Mutex::default(),
        })
    }

    /// Acquires a slot for a connection from this address; `None` if one of its networks has
    /// reached its limit.
    pub(super) fn try_acquire(self: &Arc<Self>, address: IpAddr) -> Option<Slot> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let held = |level: usize, network| open.networks[level].get(&network).copied();
        if let Some(limits) = self.limits {
            let mut levels = networks(address).enumerate();
            let full = levels
                .find(|(level, network)| held(*level, *network).unwrap_or(0) >= limits[*level]);
            if let Some((level, network)) = full {
                open.warn(network, limits[level]);
                return None;
            }
        }
        for (level, network) in networks(address).enumerate() {
            *open.networks[level].entry(network).or_default() += 1;
        }
        Some(Slot {
            limiter: Arc::clone(self),
            address,
        })
    }
}

impl Open {
    fn warn(&mut self, network: Network, limit: usize) {
        if self
            .warned
            .is_some_and(|warned| warned.elapsed() < WARNING_INTERVAL)
        {
            return;
        }
        self.warned = Some(Instant::now());
        tracing::warn!(
            %network,
            limit,
            "connection refused: the network has reached limits.connections_per_address; if it is \
             your proxy, list it in trusted_proxies"
        );
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let open = &self.limiter.open;
        let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
        for (level, network) in networks(self.address).enumerate() {
            if let Some(held) = open.networks[level].get_mut(&network) {
                *held -= 1;
                if *held == 0 {
                    open.networks[level].remove(&network);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    fn slots(
        limiter: &Arc<ConnectionLimiter>,
        addresses: impl Iterator<Item = IpAddr>,
    ) -> Vec<Slot> {
        addresses
            .filter_map(|address| limiter.try_acquire(address))
            .collect()
    }

    #[test]
    fn security_75_one_network_cannot_hold_all_connections() {
        for per_address in [1, 1000, 10_000] {
            let limiter = ConnectionLimiter::new(Some(per_address));
            let all = MAX_CONNECTIONS as u128;
            let site: u128 = 0x2001_0db8_0001 << 80;
            let v6 = |bits| IpAddr::from(Ipv6Addr::from_bits(bits));
            let v4: IpAddr = [192, 0, 2, 1].into();

            let held = slots(&limiter, (0..all).map(|_| v4));
            assert_eq!(held.len(), per_address as usize);
            assert!(limiter.try_acquire([192, 0, 2, 2].into()).is_some());
            let subnet = slots(&limiter, (0..all).map(|host| v6(site | host)));
            assert_eq!(subnet.len(), per_address as usize);
            let nets = (0..all).map(|net| v6(site | net << 64));
            let rest = slots(&limiter, nets);
            let limit = (4 * per_address as usize).min(MAX_CONNECTIONS / 2);
            assert_eq!(subnet.len() + rest.len(), limit);
            assert!(limiter.try_acquire(v6(0x2001_0db8_0002 << 80)).is_some());

            drop((held, subnet, rest));
            assert!(limiter.try_acquire(v4).is_some() && limiter.try_acquire(v6(site)).is_some());
            let open = limiter.open.lock().expect("nobody panicked");
            assert!(open.networks.iter().all(HashMap::is_empty));
        }
    }

    #[test]
    fn without_a_limit_all_connections_are_accepted() {
        let limiter = ConnectionLimiter::new(None);
        let here: IpAddr = [192, 0, 2, 1].into();
        let all = MAX_CONNECTIONS + 1;
        assert_eq!(slots(&limiter, (0..all).map(|_| here)).len(), all);
    }
}
