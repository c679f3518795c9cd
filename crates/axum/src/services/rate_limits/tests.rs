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
fn a_rate_is_that_many_at_once_and_says_when_there_is_more() {
    let limits = limits(Some(rate(60, Duration::from_hours(1))));
    for _ in 0..60 {
        assert_eq!(limits.take_from_address(HERE), Ok(()));
    }
    let refused = limits.take_from_address(HERE).expect_err("too many");
    assert!((1..=60).contains(&refused.retry_after), "{refused}");
    let elsewhere = Some(Ipv4Addr::BROADCAST.into());
    assert_eq!(limits.take_from_address(elsewhere), Ok(()));
    // What is still in use is not forgotten.
    limits.forget_idle();
    assert!(limits.take_from_address(HERE).is_err());
}

#[test]
fn who_has_used_nothing_lately_is_forgotten() {
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
fn off_is_without_end() {
    let limits = limits(None);
    for _ in 0..100_000 {
        assert_eq!(limits.take_from_address(HERE), Ok(()));
    }
}

#[test]
fn a_flood_from_everywhere_keeps_nobody_out() {
    let limits = limits(Some(rate(1, Duration::from_hours(1))));
    for address in 0..u32::try_from(MOST).expect("it fits") {
        let address = Some(Ipv4Addr::from_bits(address).into());
        assert_eq!(limits.take_from_address(address), Ok(()));
    }
    for _ in 0..2 {
        assert_eq!(limits.take_from_address(HERE), Ok(()));
    }
    let [addresses, ..] = limits.addresses.as_ref().expect("counted");
    assert_eq!(addresses.len(), MOST);
}

/// How many of these addresses are let through, each asking once.
fn taken(limits: &RateLimits, addresses: impl Iterator<Item = u128>) -> usize {
    let take = |bits| limits.take_from_address(Some(Ipv6Addr::from_bits(bits).into()));
    addresses.filter(|bits| take(*bits).is_ok()).count()
}

#[test]
fn security_72_whoever_has_a_large_ipv6_network_is_counted_by_it() {
    let limits = limits(Some(rate(2, Duration::from_hours(1))));
    let site: u128 = 0x2001_0db8_0001 << 80;
    // One network of 64 bits, however many addresses in it.
    assert_eq!(taken(&limits, (0..10).map(|host| site | host)), 2);
    // What was refused there did not come out of the share of its neighbours.
    assert_eq!(
        taken(&limits, (1..256).map(|home| site | home << 64)),
        4 * 2 - 2
    );
    assert_eq!(
        taken(&limits, (1..65_536).map(|net| site | net << 64)),
        16 * 2 - 4 * 2
    );
    // Another site, and IPv4, are not concerned.
    let other: u128 = 0x2001_0db8_0002 << 80;
    assert_eq!(taken(&limits, (0..10).map(|host| other | host)), 2);
    assert_eq!(limits.take_from_address(HERE), Ok(()));
}

#[test]
fn a_session_is_counted_by_the_large_network_too() {
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
