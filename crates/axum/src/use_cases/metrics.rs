//! Renders the metrics after updating the gauges.

use crate::services::Services;

/// Renders all metrics in Prometheus' text format. `ready` tells whether requests can be served.
pub fn read(services: &Services, ready: bool) -> String {
    let now = services.clock.now();
    let guard = &services.guard;
    let sampled = &services.metrics.sampled;
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    sampled.ready.set(i64::from(ready));
    sampled.denylist_entries.set(count(guard.denylist().len()));
    let age = guard.freshness().age(now);
    sampled.denylist_age.set(age.as_secs_f64());
    let signs_from = guard.keys().ring().newest().signs_from();
    let key_age = now.since(signs_from);
    sampled.signing_key_age.set(key_age.as_secs_f64());
    sampled
        .replay_cache_entries
        .set(count(guard.proofs().len()));
    sampled.event_streams.set(count(services.notifier.len()));
    services.metrics.render().unwrap_or_else(|error| {
        tracing::error!(%error, "cannot render the metrics");
        String::new()
    })
}
