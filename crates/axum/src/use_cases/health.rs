//! Checks whether requests can be served.

use crate::services::Services;

/// Checks the store, the age of the denylist and the clock.
///
/// # Errors
///
/// The reasons why requests cannot be served.
pub async fn check(services: &Services) -> Result<(), Vec<String>> {
    let mut reasons = Vec::new();
    let health = services.readiness.of(services.store.health()).await;
    reasons.extend(health.err());
    let now = services.clock.now();
    if let Err(stale) = services.guard.freshness().check(now) {
        reasons.push(stale.to_string());
    }
    let swept_until = services.guard.denylist().swept_until();
    if now < swept_until {
        let behind = swept_until.since(now).as_secs();
        reasons.push(format!(
            "the system clock was moved back by at least {behind} s; correct it"
        ));
    }
    if reasons.is_empty() {
        Ok(())
    } else {
        Err(reasons)
    }
}
