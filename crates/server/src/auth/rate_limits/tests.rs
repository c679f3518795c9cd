use std::net::Ipv4Addr;

use super::*;

const HERE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));

fn limits(per_address: Option<Rate>) -> RateLimits {
    RateLimits::new(&LimitsConfig {
        per_address,
        per_session: None,
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
        limits.addresses.as_ref().is_some_and(RateLimiter::is_empty)
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
    let addresses = limits.addresses.as_ref().expect("counted");
    assert_eq!(addresses.len(), MOST);
}
