//! Serves one connection.

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
use super::streams::{Activity, CloseReason, Streams, watched};
use crate::http::middleware::body::BodyReader;

/// The maximum size of request headers, in bytes.
const HEADER_BYTES: usize = 16 * 1024;
/// The maximum number of concurrent requests of one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;
/// The HTTP/2 flow-control window of one stream, in bytes, and the maximum size of its send buffer.
/// Request bodies of Latchkey's routes are limited to 64 KiB, so a larger window is not needed.
const STREAM_WINDOW: u32 = 64 * 1024;
/// The HTTP/2 flow-control window of a connection, in bytes.
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// The interval of keepalive pings on an HTTP/2 connection.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// How long a TCP connection must be idle before the kernel sends keepalive probes and, on Linux,
/// how long sent data may stay unacknowledged before the connection is closed.
const KEEPALIVE_TIME: Duration = Duration::from_mins(1);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// What all connections share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) router: Router,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) limits: ConnectionLimits,
}

/// Serves a connection until it ends; after `stop`, until its requests in progress are finished.
pub(super) async fn serve(
    stream: TcpStream,
    address: SocketAddr,
    is_proxy: bool,
    shared: Shared,
    stop: watch::Receiver<()>,
) {
    set_socket_options(&stream);
    let stream = WriteDeadline::new(stream, shared.limits.write);
    let Some(tls) = shared.tls.clone() else {
        return serve_http(stream, address, is_proxy, shared, stop).await;
    };
    match tokio::time::timeout(shared.limits.header, tls.accept(stream)).await {
        Ok(Ok(stream)) => serve_http(stream, address, is_proxy, shared, stop).await,
        Ok(Err(error)) => tracing::debug!(%address, %error, "TLS handshake failed"),
        Err(_) => tracing::debug!(%address, "TLS handshake timed out"),
    }
}

/// Sets socket options. Errors are ignored, because the time limits do not depend on these options.
fn set_socket_options(stream: &TcpStream) {
    drop(stream.set_nodelay(true));
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_TIME);
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    let keepalive = keepalive.with_interval(KEEPALIVE_INTERVAL).with_retries(4);
    drop(socket.set_tcp_keepalive(&keepalive));
    #[cfg(target_os = "linux")]
    drop(socket.set_tcp_user_timeout(Some(KEEPALIVE_TIME)));
}

async fn serve_http<S>(
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
    let body_reader = Arc::new(BodyReader::new(limits.body, is_proxy));
    let request_activity = Arc::clone(&activity);
    let service = service_fn(move |request: Request<Incoming>| {
        request_activity.request_arrived();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(address));
        request.extensions_mut().insert(Arc::clone(&body_reader));
        let response = shared.router.clone().call(request);
        async move {
            let Ok(response) = response.await;
            Ok::<_, Infallible>(watched(response))
        }
    });
    let mut builder = auto::Builder::new(Streams {
        activity: Arc::clone(&activity),
        limit: limits.write,
        // If many clients share the connection, only the stream of a client that does not read is
        // aborted.
        shared: is_proxy,
    });
    builder
        .http1()
        .timer(TokioTimer::new())
        // Header and body in one buffer, because most responses are small.
        .writev(false)
        .header_read_timeout(limits.header)
        .max_buf_size(HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(16 * 1024)
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(STREAM_WINDOW as usize)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(limits.header);
    let serving = builder
        .serve_connection(TokioIo::new(stream), service)
        .into_owned();
    tokio::pin!(serving);
    let result = tokio::select! {
        result = &mut serving => result,
        reason = activity.close_reason(limits.header) => {
            tracing::debug!(%address, ?reason, "closing the connection");
            if reason == CloseReason::NoRequest {
                return;
            }
            serving.as_mut().graceful_shutdown();
            match tokio::time::timeout(limits.body, serving).await {
                Ok(result) => result,
                Err(_) => return,
            }
        }
        // Also completes if the sender was dropped.
        _ = stop.changed() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%address, error, "connection failed");
    }
}
