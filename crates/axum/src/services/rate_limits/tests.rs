use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

const HERE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));

fn limits(per_address: Option<Rate>) -> RateLimits {
    RateLimits::new(&Limits {
        max_sessions: 100,
        per_address,
        per_session: None,
        connections_per_address: None,
    })
}

fn rate(count: u32, per: Duration) -> Rate {
    Rate {
        count: count.try_into().expect("not zero"),
        per,
    }
}

#[test]
fn a_rate_allows_a_burst_and_says_when_to_retry() {
    let limits = limits(Some(rate(60, Duration::from_hours(1))));
    for _ in 0..60 {
        assert_eq!(limits.take_from_address(HERE), Ok(()));
    }
    let refused = limits.take_from_address(HERE).expect_err("too many");
    assert!((1..=60).contains(&refused.retry_after), "{refused}");
    let elsewhere = Some(Ipv4Addr::BROADCAST.into());
    assert_eq!(limits.take_from_address(elsewhere), Ok(()));
    // Counters in use are not freed.
    limits.forget_idle();
    assert!(limits.take_from_address(HERE).is_err());
}

#[test]
fn idle_counters_are_freed() {
    let limits = limits(Some(rate(u32::MAX, Duration::from_secs(1))));
    for address in 0..1000 {
        let address = Some(Ipv4Addr::from_bits(address).into());
        assert_eq!(limits.take_from_address(address), Ok(()));
    }
    let is_empty = || {
        limits.forget_idle();
        let mut all = limits.addresses.iter().flatten();
        all.all(RateLimiter::is_empty)
    };
    assert!((0..1000).any(|_| is_empty()));
}

#[test]
fn without_a_rate_nothing_is_limited() {
    let limits = limits(None);
    for _ in 0..100_000 {
        assert_eq!(limits.take_from_address(HERE), Ok(()));
    }
}

#[test]
fn a_distributed_flood_does_not_lock_out_other_clients() {
    let limits = limits(Some(rate(1, Duration::from_hours(1))));
    for address in 0..u32::try_from(MAX_KEYS).expect("it fits") {
        let address = Some(Ipv4Addr::from_bits(address).into());
        assert_eq!(limits.take_from_address(address), Ok(()));
    }
    for _ in 0..2 {
        assert_eq!(limits.take_from_address(HERE), Ok(()));
    }
    let [addresses, ..] = limits.addresses.as_ref().expect("counted");
    assert_eq!(addresses.len(), MAX_KEYS);
}

/// How many of these addresses are accepted with one request each.
fn accepted(limits: &RateLimits, addresses: impl Iterator<Item = u128>) -> usize {
    let take = |bits| limits.take_from_address(Some(Ipv6Addr::from_bits(bits).into()));
    addresses.filter(|bits| take(*bits).is_ok()).count()
}

#[test]
fn security_72_a_client_with_a_large_ipv6_network_is_limited_per_network() {
    let limits = limits(Some(rate(2, Duration::from_hours(1))));
    let site: u128 = 0x2001_0db8_0001 << 80;
    // One /64 network, however many addresses are used in it.
    assert_eq!(accepted(&limits, (0..10).map(|host| site | host)), 2);
    // Requests refused there did not use up the quota of neighboring networks.
    assert_eq!(
        accepted(&limits, (1..256).map(|net| site | net << 64)),
        4 * 2 - 2
    );
    assert_eq!(
        accepted(&limits, (1..65_536).map(|net| site | net << 64)),
        16 * 2 - 4 * 2
    );
    // Another site and IPv4 clients are not affected.
    let other: u128 = 0x2001_0db8_0002 << 80;
    assert_eq!(accepted(&limits, (0..10).map(|host| other | host)), 2);
    assert_eq!(limits.take_from_address(HERE), Ok(()));
}

#[test]
fn a_session_is_also_limited_per_large_network() {
    let limits = RateLimits::new(&Limits {
        max_sessions: 100,
        per_address: None,
        per_session: Some(rate(1, Duration::from_hours(1))),
        connections_per_address: None,
    });
    let site: u128 = 0x2001_0db8_0001 << 80;
    let take = |session: u8, net: u128| {
        let session = SessionId::from_bytes([session; 16]);
        let address = Ipv6Addr::from_bits(site | net << 64).into();
        limits.take_from_session(session, Some(address)).is_ok()
    };
    assert_eq!((0..65_536).filter(|net| take(1, *net)).count(), 16);
    assert!(take(2, 0));
}
