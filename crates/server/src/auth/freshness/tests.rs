use super::*;

#[test]
fn a_server_that_nobody_tells_anything_is_fresh_between_two_answers() {
    for seconds in 1..=60 {
        let limit = Duration::from_secs(seconds);
        let freshness = Freshness::shared(limit, Moment::now(Timestamp::default()));
        // An answer counts from when it was asked for: two waits, and as much again for the way.
        assert!(freshness.wait() * 4 < limit, "{limit:?}");
    }
}
