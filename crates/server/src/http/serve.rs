//! Connections: accepted up to a limit, given a time for their first request, served by hyper with
//! a timer, let finish when the server stops.

use core::time::Duration;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::middleware::envelope::envelope;
use crate::state::AppState;

/// How many connections are open at most; more wait to be accepted.
const CONNECTIONS: usize = 20_000;
/// How long a client has for a request's header, and a new connection for its first request.
const HEADER_TIME: Duration = Duration::from_secs(8);
/// The longest header, in bytes.
const HEADER_BYTES: usize = 16 * 1024;
/// How long requests under way may take when the server stops.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// Serves until `stop` is done, then lets requests under way finish.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    state: AppState,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
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
        let (app, tls) = ((state.clone(), router.clone()), tls.clone());
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            let _permit = permit;
            drop(stream.set_nodelay(true));
            match tls {
                None => connection(stream, address, app, watcher).await,
                Some(tls) => handshake(tls, stream, address, app, watcher).await,
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(LAST_REQUESTS, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

type App = (AppState, Router);
type Watcher = hyper_util::server::graceful::Watcher;

async fn handshake(
    tls: TlsAcceptor,
    stream: TcpStream,
    address: SocketAddr,
    app: App,
    watcher: Watcher,
) {
    match tokio::time::timeout(HEADER_TIME, tls.accept(stream)).await {
        Ok(Ok(stream)) => connection(stream, address, app, watcher).await,
        Ok(Err(error)) => tracing::debug!(%address, %error, "TLS failed"),
        Err(_) => tracing::debug!(%address, "TLS took too long"),
    }
}

async fn connection<S>(stream: S, address: SocketAddr, app: App, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let begun = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&begun);
    let service = service_fn(move |request: Request<Incoming>| {
        seen.store(true, Ordering::Relaxed);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(address));
        let (state, router) = app.clone();
        async move { Ok::<_, Infallible>(envelope(&state, router, request).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // Header and body in one buffer: most answers are small.
        .writev(false)
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(16 * 1024)
        .max_concurrent_streams(100)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(HEADER_TIME);
    let serving = watcher.watch(
        builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned(),
    );
    tokio::pin!(serving);
    // hyper's timer starts with the first byte of HTTP/1: before that, this one watches.
    let first = tokio::select! {
        done = &mut serving => done,
        () = tokio::time::sleep(HEADER_TIME) => {
            if !begun.load(Ordering::Relaxed) {
                tracing::debug!(%address, "no request came in time");
                return;
            }
            serving.await
        }
    };
    if let Err(error) = first {
        tracing::debug!(%address, error, "a connection broke");
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
