//! How many connections each network holds, so that one client never holds all there are.

use core::time::Duration;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::limits::MAX_CONNECTIONS;
use crate::services::networks::{LEVELS, Network, networks};

/// How many times what one address may hold the networks of IPv6 may hold, the narrowest first.
const SHARES: [usize; LEVELS] = [1, 2, 4];
/// How often it is said that connections are refused.
const WARNING_INTERVAL: Duration = Duration::from_mins(1);

/// All connections, by network.
#[derive(Debug)]
pub(super) struct Crowd {
    /// How many each network may hold. `None`: as many as it likes.
    most: Option<[usize; LEVELS]>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    networks: [HashMap<Network, usize>; LEVELS],
    warned: Option<Instant>,
}

/// The place of one connection; free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    address: IpAddr,
}

impl Crowd {
    pub(super) fn new(per_address: Option<u32>) -> Arc<Self> {
        let most = |most: u32| SHARES.map(|share| (most as usize * share).min(MAX_CONNECTIONS / 2));
        Arc::new(Self {
            most: per_address.map(most),
            open: Mutex::default(),
        })
    }

    /// A place for a connection from this address; `None` if a network of its holds too many.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let held = |level: usize, network| open.networks[level].get(&network).copied();
        if let Some(most) = self.most {
            let mut levels = networks(address).enumerate();
            let full =
                levels.find(|(level, network)| held(*level, *network).unwrap_or(0) >= most[*level]);
            if let Some((level, network)) = full {
                open.warn(network, most[level]);
                return None;
            }
        }
        for (level, network) in networks(address).enumerate() {
            *open.networks[level].entry(network).or_default() += 1;
        }
        Some(Place {
            crowd: Arc::clone(self),
            address,
        })
    }
}

impl Open {
    fn warn(&mut self, network: Network, most: usize) {
        if self
            .warned
            .is_some_and(|warned| warned.elapsed() < WARNING_INTERVAL)
        {
            return;
        }
        self.warned = Some(Instant::now());
        tracing::warn!(
            %network,
            open = most,
            "connections from this network are refused until it closes some \
             (limits.connections_per_address); if a proxy of yours is there, list it in \
             trusted_proxies"
        );
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let open = &self.crowd.open;
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

    fn places(crowd: &Arc<Crowd>, addresses: impl Iterator<Item = IpAddr>) -> Vec<Place> {
        addresses
            .filter_map(|address| crowd.enter(address))
            .collect()
    }

    #[test]
    fn security_75_one_network_never_holds_all_connections() {
        for per_address in [1, 1000, 10_000] {
            let crowd = Crowd::new(Some(per_address));
            let all = MAX_CONNECTIONS as u128;
            let site: u128 = 0x2001_0db8_0001 << 80;
            let v6 = |bits| IpAddr::from(Ipv6Addr::from_bits(bits));
            let v4: IpAddr = [192, 0, 2, 1].into();

            let held = places(&crowd, (0..all).map(|_| v4));
            assert_eq!(held.len(), per_address as usize);
            assert!(crowd.enter([192, 0, 2, 2].into()).is_some());
            let subnet = places(&crowd, (0..all).map(|host| v6(site | host)));
            assert_eq!(subnet.len(), per_address as usize);
            let nets = (0..all).map(|net| v6(site | net << 64));
            let rest = places(&crowd, nets);
            let most = (4 * per_address as usize).min(MAX_CONNECTIONS / 2);
            assert_eq!(subnet.len() + rest.len(), most);
            assert!(crowd.enter(v6(0x2001_0db8_0002 << 80)).is_some());

            drop((held, subnet, rest));
            assert!(crowd.enter(v4).is_some() && crowd.enter(v6(site)).is_some());
            let open = crowd.open.lock().expect("nobody panicked");
            assert!(open.networks.iter().all(HashMap::is_empty));
        }
    }

    #[test]
    fn off_is_without_end() {
        let crowd = Crowd::new(None);
        let here: IpAddr = [192, 0, 2, 1].into();
        let all = MAX_CONNECTIONS + 1;
        assert_eq!(places(&crowd, (0..all).map(|_| here)).len(), all);
    }
}
