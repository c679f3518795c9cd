//! The signals that the server reacts to: SIGINT and SIGTERM end it, SIGHUP makes it read its
//! certificate again.

use std::sync::Arc;

#[cfg(unix)]
use tokio::signal::unix;

use super::tls::Certificates;

/// Done when the process is asked to end.
pub(super) async fn stop() {
    let interrupt = async {
        drop(tokio::signal::ctrl_c().await);
    };
    #[cfg(unix)]
    let terminate = async {
        match unix::signal(unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

/// The SIGHUPs that come from now on: they do not end the process any more.
#[cfg(unix)]
pub(super) fn hangups() -> Option<unix::Signal> {
    unix::signal(unix::SignalKind::hangup()).ok()
}

/// Nothing, where there are none.
#[cfg(not(unix))]
pub(super) fn hangups() -> Option<std::convert::Infallible> {
    None
}

/// Reads the certificate at every SIGHUP.
#[cfg(unix)]
pub(super) async fn renew_at(
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
pub(super) async fn renew_at(_: Option<std::convert::Infallible>, _: Option<Arc<Certificates>>) {}
