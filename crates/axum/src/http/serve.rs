//! Connections: accepted up to a limit, all in all and from one network, served by hyper within
//! time limits, allowed to finish when the server stops.

mod connection;
mod crowd;
mod deadline;
mod limits;
mod streams;

use core::time::Duration;
use std::io;
use std::sync::Arc;

use axum::Router;
use crowd::Crowd;
pub use limits::ConnectionLimits;
use limits::MAX_CONNECTIONS;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::settings::Settings;

/// How long requests under way may take when the server stops.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// Serves until `stop` is done, then lets requests under way finish.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    settings: &Settings,
    router: Router,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()>,
) {
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let crowd = Crowd::new(settings.limits.connections_per_address);
    // Each connection holds a receiver: stopping is said to all, and is over when all are gone.
    let stopping = watch::Sender::new(());
    let shared = connection::Shared {
        router,
        tls,
        limits,
    };
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
                rest_after(&error).await;
                continue;
            }
        };
        let ip = address.ip().to_canonical();
        let is_proxy =
            (ip.is_loopback() && !limits.counts_loopback) || settings.trusted_proxies.contains(ip);
        let place = (!is_proxy).then(|| crowd.enter(ip));
        if matches!(place, Some(None)) {
            continue;
        }
        let (shared, stop) = (shared.clone(), stopping.subscribe());
        tokio::spawn(async move {
            let _kept = (permit, place);
            connection::serve(stream, address, is_proxy, shared, stop).await;
        });
    }
    drop(listener);
    stopping.send_replace(());
    if tokio::time::timeout(LAST_REQUESTS, stopping.closed())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

/// Errors of one connection are its own; others (no file handles left) need a pause, so that the
/// loop does not spin.
async fn rest_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        tracing::error!(%error, "connections cannot be accepted");
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
