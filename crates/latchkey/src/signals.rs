//! The signals that the server reacts to: SIGINT and SIGTERM end it, SIGHUP makes it read its
//! certificate again.

use std::sync::Arc;

#[cfg(unix)]
use tokio::signal::unix;

use crate::tls::Certificates;

/// Done when the process is asked to end. What is asked from this call on counts, polled or not: a
/// service manager may stop a server the moment it listens.
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

/// Done when the process is asked to end.
#[cfg(not(unix))]
pub(crate) async fn stop() {
    drop(tokio::signal::ctrl_c().await);
}

/// The SIGHUPs that come from now on: they do not end the process any more.
#[cfg(unix)]
pub(crate) fn hangups() -> Option<unix::Signal> {
    unix::signal(unix::SignalKind::hangup()).ok()
}

/// Nothing, where there are none.
#[cfg(not(unix))]
pub(crate) fn hangups() -> Option<std::convert::Infallible> {
    None
}

/// Reads the certificate at every SIGHUP.
#[cfg(unix)]
pub(crate) async fn renew_at(
    hangups: Option<unix::Signal>,
    certificates: Option<Arc<Certificates>>,
) {
    let Some(mut hangups) = hangups else { return };
    while hangups.recv().await.is_some() {
        if let Some(certificates) = &certificates {
            certificates.renew(true);
        } else {
            tracing::info!(
                "SIGHUP: without [tls] there is nothing to read again; restart the server to \
                 change its configuration"
            );
        }
    }
}

/// Nothing, where there are none.
#[cfg(not(unix))]
pub(crate) async fn renew_at(_: Option<std::convert::Infallible>, _: Option<Arc<Certificates>>) {}
