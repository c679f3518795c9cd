//! The histograms of requests by method, route and status, for fast access.

use std::sync::{PoisonError, RwLock};

use prometheus::Histogram;

/// The request histograms used so far, so that a request does not have to look up its labels in the
/// registry.
#[derive(Debug, Default)]
pub struct RequestHistograms(RwLock<Vec<RequestHistogram>>);

#[derive(Debug)]
struct RequestHistogram {
    method: &'static str,
    route: String,
    status: u16,
    histogram: Histogram,
}

impl RequestHistograms {
    /// Records a duration; `false` if the histogram is not known yet.
    pub(super) fn observe(
        &self,
        (method, route, status): (&'static str, &str, u16),
        seconds: f64,
    ) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = known
            .iter()
            .find(|it| it.status == status && it.method == method && it.route == route);
        if let Some(found) = found {
            found.histogram.observe(seconds);
        }
        found.is_some()
    }

    pub(super) fn add(
        &self,
        (method, route, status): (&'static str, &str, u16),
        histogram: Histogram,
    ) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.push(RequestHistogram {
            method,
            route: route.to_owned(),
            status,
            histogram,
        });
    }
}
