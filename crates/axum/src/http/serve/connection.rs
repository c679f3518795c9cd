//! One connection, from its first byte to its last.

use core::time::Duration;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::Service as _;

use super::deadline::WriteDeadline;
use super::limits::ConnectionLimits;
use super::streams::{Activity, Over, Streams, watched};
use crate::http::middleware::body::Inbound;

/// The longest header, in bytes.
const HEADER_BYTES: usize = 16 * 1024;
/// Requests of one HTTP/2 connection at once.
const STREAMS: u32 = 100;
/// What a client may send on one stream, and on all of a connection, before it is read: bodies are
/// bounded by 64 KiB, so no more is of use.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// How often the other end of an HTTP/2 connection is asked whether it is there.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// After this long without a byte, the kernel asks whether the other end is there.
const KEEPALIVE: Duration = Duration::from_mins(1);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// What all connections share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) router: Router,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) limits: ConnectionLimits,
}

/// Serves a connection until it is over, or until it has finished its requests after `stop`.
pub(super) async fn serve(
    stream: TcpStream,
    address: SocketAddr,
    is_proxy: bool,
    shared: Shared,
    stop: watch::Receiver<()>,
) {
    prepare(&stream);
    let stream = WriteDeadline::new(stream, shared.limits.write);
    let Some(tls) = shared.tls.clone() else {
        return speak(stream, address, is_proxy, shared, stop).await;
    };
    match tokio::time::timeout(shared.limits.header, tls.accept(stream)).await {
        Ok(Ok(stream)) => speak(stream, address, is_proxy, shared, stop).await,
        Ok(Err(error)) => tracing::debug!(%address, %error, "TLS failed"),
        Err(_) => tracing::debug!(%address, "TLS took too long"),
    }
}

/// Sets what the kernel does by itself. None of it is needed: the time limits hold without.
fn prepare(stream: &TcpStream) {
    drop(stream.set_nodelay(true));
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    let keepalive = keepalive.with_interval(KEEPALIVE_INTERVAL).with_retries(4);
    drop(socket.set_tcp_keepalive(&keepalive));
    #[cfg(target_os = "linux")]
    drop(socket.set_tcp_user_timeout(Some(KEEPALIVE)));
}

async fn speak<S>(
    stream: S,
    address: SocketAddr,
    is_proxy: bool,
    shared: Shared,
    mut stop: watch::Receiver<()>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = shared.limits;
    let activity = Activity::new();
    let inbound = Arc::new(Inbound::new(limits.body, is_proxy));
    let arrived = Arc::clone(&activity);
    let service = service_fn(move |request: Request<Incoming>| {
        arrived.begin();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(address));
        request.extensions_mut().insert(Arc::clone(&inbound));
        let answered = shared.router.clone().call(request);
        async move {
            let Ok(response) = answered.await;
            Ok::<_, Infallible>(watched(response))
        }
    });
    let mut builder = auto::Builder::new(Streams {
        activity: Arc::clone(&activity),
        limit: limits.write,
        // It carries streams of many clients: of one that does not read, its stream ends.
        shared: is_proxy,
    });
    builder
        .http1()
        .timer(TokioTimer::new())
        // Header and body in one buffer: most answers are small.
        .writev(false)
        .header_read_timeout(limits.header)
        .max_buf_size(HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(16 * 1024)
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(STREAM_WINDOW as usize)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(limits.header);
    let serving = builder
        .serve_connection(TokioIo::new(stream), service)
        .into_owned();
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        over = activity.over(limits.header) => {
            tracing::debug!(%address, reason = ?over, "a connection is closed");
            if over == Over::Silent {
                return;
            }
            serving.as_mut().graceful_shutdown();
            match tokio::time::timeout(limits.body, serving).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
        // Also if the sender is gone.
        _ = stop.changed() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%address, error, "a connection broke");
    }
}
