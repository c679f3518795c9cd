//! Metrics for Prometheus: their names, labels and units. Callers decide when to count.

mod request_histograms;
mod totals;

use core::time::Duration;
use std::sync::Arc;

use latchkey_core::{EndReason, HourCounts};
use latchkey_identity::SignInError;
use latchkey_store::observed::{Completed, Kind};
use latchkey_types::ErrorCode;
use prometheus::{
    Encoder as _, Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts,
    Registry, TextEncoder,
};

pub use self::request_histograms::RequestHistograms;
use self::totals::Totals;
pub(crate) use self::totals::is_failure;

/// The bucket bounds of request durations, in seconds.
const REQUEST_BUCKETS: [f64; 13] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];
/// The bucket bounds of store operation durations, in seconds.
const STORE_BUCKETS: [f64; 12] = [
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0,
];

/// The label `provider` of a sign-in whose flow is not known.
pub(crate) const NO_PROVIDER: &str = "unknown";
/// The outcomes of sign-ins.
const SIGN_IN_OUTCOMES: [&str; 16] = [
    "success",
    "invalid_credentials",
    "flow_not_found",
    "proof_required",
    "redirect_uri",
    "other_account",
    "provider_unavailable",
    "provider_refused",
    "code_refused",
    "provider_invalid",
    "not_admitted",
    "banned",
    "identity_suspended",
    "rate_limited",
    "unavailable",
    "failed",
];
/// The outcomes of refreshes.
const REFRESH_OUTCOMES: [&str; 12] = [
    "rotated",
    "repeated",
    "superseded",
    "replayed",
    "invalid",
    "unknown_session",
    "ended",
    "not_admitted",
    "key_mismatch",
    "rate_limited",
    "unavailable",
    "failed",
];
const END_REASONS: [EndReason; 12] = [
    EndReason::SignedOut,
    EndReason::EndedRemotely,
    EndReason::EndedAll,
    EndReason::Revoked,
    EndReason::Replayed,
    EndReason::EndedByOperator,
    EndReason::Banned,
    EndReason::PasswordChanged,
    EndReason::Displaced,
    EndReason::NotAdmitted,
    EndReason::IdentityRemoved,
    EndReason::AccountDeleted,
];

/// The metrics of one server.
#[derive(Debug)]
pub struct Metrics {
    totals: Totals,
    audit_records_lost: IntCounter,
    registry: Registry,
    requests: HistogramVec,
    errors: IntCounterVec,
    sign_ins: IntCounterVec,
    refreshes: IntCounterVec,
    sessions_opened: IntCounter,
    sessions_ended: IntCounterVec,
    store: HistogramVec,
    /// Values that are updated when the metrics are read.
    pub(crate) sampled: Sampled,
}

/// Gauges that are updated when the metrics are read.
#[derive(Debug)]
pub(crate) struct Sampled {
    pub(crate) ready: IntGauge,
    pub(crate) denylist_entries: IntGauge,
    pub(crate) denylist_age: Gauge,
    pub(crate) signing_key_age: Gauge,
    pub(crate) replay_cache_entries: IntGauge,
    pub(crate) event_streams: IntGauge,
}

impl Metrics {
    /// Creates all metrics. Series whose labels are known in advance, such as the names of these
    /// providers, start at zero. Fails only if two metrics have the same name.
    pub fn new(providers: &[String]) -> prometheus::Result<Self> {
        let metrics = Self::register()?;
        metrics.create_series(providers);
        Ok(metrics)
    }

    /// Creates the series whose labels are known. Prometheus does not count the first sample of a
    /// series as an increase, so a series that began with its first event would hide that event.
    fn create_series(&self, providers: &[String]) {
        let providers = providers.iter().map(String::as_str);
        for provider in providers.chain([NO_PROVIDER]) {
            for outcome in SIGN_IN_OUTCOMES {
                drop(self.sign_ins.with_label_values(&[provider, outcome]));
            }
        }
        for outcome in REFRESH_OUTCOMES {
            drop(self.refreshes.with_label_values(&[outcome]));
        }
        for reason in END_REASONS.map(reason_label) {
            drop(self.sessions_ended.with_label_values(&[reason]));
        }
        for code in ErrorCode::ALL {
            drop(self.errors.with_label_values(&[code.as_str()]));
        }
        for kind in [Kind::Read, Kind::Write].map(kind_label) {
            for outcome in [true, false].map(outcome_label) {
                drop(self.store.with_label_values(&[kind, outcome]));
            }
        }
    }

    fn register() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let version = env!("CARGO_PKG_VERSION");
        let opts = Opts::new("latchkey_build_info", "The version that runs; always 1.");
        let build_info = IntGauge::with_opts(opts.const_label("version", version))?;
        build_info.set(1);
        registry.register(Box::new(build_info))?;
        let counters = |name, help, labels: &[&str]| {
            let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counters.clone()))?;
            prometheus::Result::Ok(counters)
        };
        let histograms = |name, help, buckets: &[f64], labels: &[&str]| {
            let opts = HistogramOpts::new(name, help).buckets(buckets.to_vec());
            let histograms = HistogramVec::new(opts, labels)?;
            registry.register(Box::new(histograms.clone()))?;
            prometheus::Result::Ok(histograms)
        };
        let sessions_opened = IntCounter::new(
            "latchkey_sessions_opened_total",
            "Sessions that sign-ins opened.",
        )?;
        registry.register(Box::new(sessions_opened.clone()))?;
        let audit_records_lost = IntCounter::new(
            "latchkey_audit_records_lost_total",
            "Audit records that were not written because the store failed or was too slow.",
        )?;
        registry.register(Box::new(audit_records_lost.clone()))?;
        Ok(Self {
            requests: histograms(
                "latchkey_http_request_duration_seconds",
                "Time from the headers of a request to those of its response.",
                &REQUEST_BUCKETS,
                &["method", "route", "status"],
            )?,
            errors: counters(
                "latchkey_http_errors_total",
                "Error responses by their code (docs/errors.md), and redirects to an error page.",
                &["code"],
            )?,
            sign_ins: counters(
                "latchkey_sign_ins_total",
                "Sign-ins by provider, and whether they succeeded or why they failed.",
                &["provider", "outcome"],
            )?,
            refreshes: counters(
                "latchkey_refreshes_total",
                "Uses of refresh tokens, and whether they succeeded or why they were refused.",
                &["outcome"],
            )?,
            sessions_ended: counters(
                "latchkey_sessions_ended_total",
                "Live sessions that were ended, by reason; sessions that expire are not counted.",
                &["reason"],
            )?,
            store: histograms(
                "latchkey_store_operation_duration_seconds",
                "Time that operations of the store took; a write includes making it durable.",
                &STORE_BUCKETS,
                &["kind", "outcome"],
            )?,
            totals: Totals::default(),
            audit_records_lost,
            sessions_opened,
            sampled: Sampled::register(&registry)?,
            registry,
        })
    }

    /// Records the response to a request: method, route and status, and its duration.
    pub fn request(
        &self,
        known: &RequestHistograms,
        labels: (&'static str, &str, u16),
        elapsed: Duration,
    ) {
        let seconds = elapsed.as_secs_f64();
        if !known.observe(labels, seconds) {
            let (method, route, status) = labels;
            let histogram = self
                .requests
                .with_label_values(&[method, route, &status.to_string()]);
            histogram.observe(seconds);
            known.add(labels, histogram);
        }
    }

    /// Counts an error response with this code.
    pub fn error(&self, code: &str) {
        self.errors.with_label_values(&[code]).inc();
    }

    /// Counts a sign-in that succeeded or failed, including one that failed before the redirect to
    /// the provider. `outcome` is success or the reason for the failure.
    pub fn sign_in(&self, provider: &str, outcome: &str) {
        debug_assert!(
            SIGN_IN_OUTCOMES.contains(&outcome),
            "{outcome} is not listed"
        );
        self.sign_ins.with_label_values(&[provider, outcome]).inc();
        self.totals.sign_in(outcome);
    }

    /// Counts a use of a refresh token: `outcome` is success or the reason for the refusal.
    pub fn refresh(&self, outcome: &str) {
        debug_assert!(
            REFRESH_OUTCOMES.contains(&outcome),
            "{outcome} is not listed"
        );
        self.refreshes.with_label_values(&[outcome]).inc();
        self.totals.refresh(outcome);
    }

    /// Counts an opened session.
    pub fn session_opened(&self) {
        self.sessions_opened.inc();
    }

    /// Counts live sessions that were ended.
    pub fn sessions_ended(&self, reason: EndReason, sessions: usize) {
        let count = u64::try_from(sessions).unwrap_or(u64::MAX);
        let reason = reason_label(reason);
        self.sessions_ended
            .with_label_values(&[reason])
            .inc_by(count);
        self.totals.sessions_ended(count);
    }

    /// Counts audit records that could not be written.
    pub fn audit_records_lost(&self, records: usize) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.audit_records_lost.inc_by(records);
    }

    /// What has happened since the server started.
    pub fn totals(&self) -> HourCounts {
        self.totals.read()
    }

    /// Returns a function that records operations of the store, and logs them in the current span.
    pub fn store_observer(self: &Arc<Self>) -> impl Fn(&Completed) + Send + Sync + 'static {
        let metrics = Arc::clone(self);
        move |completed| {
            let Completed {
                kind,
                elapsed,
                succeeded,
            } = *completed;
            let (kind, outcome) = (kind_label(kind), outcome_label(succeeded));
            let histogram = metrics.store.with_label_values(&[kind, outcome]);
            histogram.observe(elapsed.as_secs_f64());
            tracing::debug!(kind, outcome, ?elapsed, "store operation completed");
        }
    }

    /// All metrics in Prometheus' text format, version 0.0.4.
    pub fn render(&self) -> prometheus::Result<String> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        String::from_utf8(text).map_err(|error| prometheus::Error::Msg(error.to_string()))
    }
}

impl Sampled {
    fn register(registry: &Registry) -> prometheus::Result<Self> {
        let count = |name, help| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            prometheus::Result::Ok(gauge)
        };
        let seconds = |name, help| {
            let gauge = Gauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            prometheus::Result::Ok(gauge)
        };
        Ok(Self {
            ready: count(
                "latchkey_ready",
                "1 if requests can be served (as /readyz says), 0 if not.",
            )?,
            denylist_entries: count(
                "latchkey_denylist_entries",
                "Denials in the memory of this server.",
            )?,
            denylist_age: seconds(
                "latchkey_denylist_age_seconds",
                "Time since the denylist was last in sync with a shared store; 0 with an embedded one.",
            )?,
            signing_key_age: seconds(
                "latchkey_signing_key_age_seconds",
                "Time since the newest signing key began to sign.",
            )?,
            replay_cache_entries: count(
                "latchkey_replay_cache_entries",
                "DPoP proofs that are remembered because they could be sent again.",
            )?,
            event_streams: count("latchkey_event_streams", "Open event streams of browsers.")?,
        })
    }
}

/// The outcome of a sign-in that failed at its provider.
pub(crate) fn provider_failure(error: &SignInError) -> &'static str {
    match error {
        SignInError::Unavailable { .. } => "provider_unavailable",
        SignInError::Refused {
            code_refused: true, ..
        } => "code_refused",
        SignInError::Refused { .. } => "provider_refused",
        SignInError::Invalid { .. } => "provider_invalid",
    }
}

fn kind_label(kind: Kind) -> &'static str {
    match kind {
        Kind::Read => "read",
        Kind::Write => "write",
    }
}

fn outcome_label(succeeded: bool) -> &'static str {
    if succeeded { "ok" } else { "error" }
}

fn reason_label(reason: EndReason) -> &'static str {
    match reason {
        EndReason::SignedOut => "signed_out",
        EndReason::EndedRemotely => "ended_remotely",
        EndReason::EndedAll => "ended_all",
        EndReason::Revoked => "revoked",
        EndReason::Replayed => "replayed",
        EndReason::EndedByOperator => "ended_by_operator",
        EndReason::Banned => "banned",
        EndReason::PasswordChanged => "password_changed",
        EndReason::Displaced => "displaced",
        EndReason::NotAdmitted => "not_admitted",
        EndReason::IdentityRemoved => "identity_removed",
        EndReason::AccountDeleted => "account_deleted",
    }
}
