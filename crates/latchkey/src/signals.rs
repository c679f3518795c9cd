//! Signal handling: SIGINT and SIGTERM stop the server, SIGHUP reloads the TLS certificate.

use std::sync::Arc;

#[cfg(unix)]
use tokio::signal::unix;

use crate::tls::Certificates;
#[cfg(unix)]
use crate::tls::Reload;

/// Completes when SIGINT or SIGTERM arrives. The handlers are installed by this call, not by the
/// first poll, because a service manager may stop the server as soon as it listens.
#[cfg(unix)]
pub(crate) fn stop() -> impl Future<Output = ()> {
    let kinds = [unix::SignalKind::interrupt(), unix::SignalKind::terminate()];
    let [interrupt, terminate] = kinds.map(unix::signal);
    async {
        tokio::select! {
            () = received(interrupt) => {}
            () = received(terminate) => {}
        }
    }
}

#[cfg(unix)]
async fn received(signal: std::io::Result<unix::Signal>) {
    match signal {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

/// Completes on Ctrl-C.
#[cfg(not(unix))]
pub(crate) async fn stop() {
    drop(tokio::signal::ctrl_c().await);
}

/// The SIGHUP signals from now on. They no longer terminate the process.
#[cfg(unix)]
pub(crate) fn hangups() -> Option<unix::Signal> {
    unix::signal(unix::SignalKind::hangup()).ok()
}

/// `None`: this platform has no SIGHUP.
#[cfg(not(unix))]
pub(crate) fn hangups() -> Option<std::convert::Infallible> {
    None
}

/// Reloads the certificate on every SIGHUP.
#[cfg(unix)]
pub(crate) async fn reload_certificate(
    hangups: Option<unix::Signal>,
    certificates: Option<Arc<Certificates>>,
) {
    let Some(mut hangups) = hangups else { return };
    while hangups.recv().await.is_some() {
        if let Some(certificates) = &certificates {
            certificates.reload(Reload::Forced);
        } else {
            tracing::info!(
                "SIGHUP ignored: there is no [tls] section, so there is no certificate to reload; \
                 restart the server to change its configuration"
            );
        }
    }
}

/// Does nothing: this platform has no SIGHUP.
#[cfg(not(unix))]
pub(crate) async fn reload_certificate(
    _: Option<std::convert::Infallible>,
    _: Option<Arc<Certificates>>,
) {
}
