//! Accepts connections up to a total limit and a limit per network, serves them within time limits,
//! and lets requests finish when the server stops.

mod connection;
mod connection_limiter;
mod deadline;
mod limits;
mod streams;

use core::time::Duration;
use std::io;
use std::sync::Arc;

use axum::Router;
use connection_limiter::ConnectionLimiter;
pub use limits::ConnectionLimits;
use limits::{MAX_CONNECTIONS, MAX_CONNECTIONS_ASIDE};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::services::Services;
use crate::settings::Settings;

/// How long requests in progress may take when the server stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves until `stop` completes, then lets requests in progress finish.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    settings: &Settings,
    router: Router,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()>,
) {
    let shared = connection::Shared {
        router,
        tls,
        limits,
    };
    accept_until(listener, settings, shared, MAX_CONNECTIONS, stop).await;
}

/// Serves another router on another address, such as the metrics address, without TLS, until the
/// future is dropped. The connection limit is low, to leave file descriptors for the main address.
pub async fn serve_aside(
    listener: TcpListener,
    services: &Services,
    router: Router,
    limits: ConnectionLimits,
) {
    let shared = connection::Shared {
        router,
        tls: None,
        limits,
    };
    let never = core::future::pending();
    let settings = &services.settings;
    accept_until(listener, settings, shared, MAX_CONNECTIONS_ASIDE, never).await;
}

async fn accept_until(
    listener: TcpListener,
    settings: &Settings,
    shared: connection::Shared,
    max_connections: usize,
    stop: impl Future<Output = ()>,
) {
    let limits = shared.limits;
    let connections = Arc::new(Semaphore::new(max_connections));
    let limiter = ConnectionLimiter::new(settings.limits.connections_per_address);
    // Each connection holds a receiver, so the channel notifies every connection, and closes once
    // all of them have ended.
    let stopping = watch::Sender::new(());
    tokio::pin!(stop);
    loop {
        let accept = async {
            let permit = Arc::clone(&connections).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            accepted = accept => accepted,
            () = &mut stop => break,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                pause_after(&error).await;
                continue;
            }
        };
        let ip = address.ip().to_canonical();
        let is_proxy =
            (ip.is_loopback() && !limits.counts_loopback) || settings.trusted_proxies.contains(ip);
        let slot = (!is_proxy).then(|| limiter.try_acquire(ip));
        if matches!(slot, Some(None)) {
            continue;
        }
        let (shared, stop) = (shared.clone(), stopping.subscribe());
        tokio::spawn(async move {
            let _held = (permit, slot);
            connection::serve(stream, address, is_proxy, shared, stop).await;
        });
    }
    drop(listener);
    stopping.send_replace(());
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, stopping.closed())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish before the shutdown timeout and were aborted");
    }
}

/// Pauses after errors such as a lack of file descriptors, so that the accept loop does not spin.
/// Errors of a single connection need no pause.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        tracing::error!(%error, "cannot accept connections");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Completes when the process is asked to stop: by Ctrl-C, or by SIGTERM on Unix.
pub(crate) async fn stop_signal() {
    let interrupt = async {
        drop(tokio::signal::ctrl_c().await);
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                () = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    interrupt.await;
}
