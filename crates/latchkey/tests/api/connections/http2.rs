//! HTTP/2: limits on idle connections, stalled streams, unread responses and account exports.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use h2::client::{Builder, SendRequest};
use latchkey_axum::ConnectionLimits;
use latchkey_core::{AuditKind, AuditRecord, Clock as _};
use latchkey_types::{AccountExport, paths};
use reqwest::{Method, Version};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{TEST_TIMEOUT, address, short_limits, while_others_are_served};
use crate::app::{TestApp, claims};

type Requests = SendRequest<Bytes>;

/// The number of concurrent streams that the server allows.
const STREAMS: usize = 100;

/// Opens a connection, and returns a task that ends when it closes.
async fn connect(app: &TestApp, builder: &Builder) -> (Requests, JoinHandle<()>) {
    let stream = TcpStream::connect(address(app)).await.expect("connected");
    let (requests, connection) = builder.handshake(stream).await.expect("HTTP/2");
    let connection_task = tokio::spawn(async move { drop(connection.await) });
    (requests, connection_task)
}

fn request(app: &TestApp, method: Method, path: &str) -> axum::http::Request<()> {
    let request = axum::http::Request::builder().method(method);
    let request = request.uri(format!("{}{path}", app.url));
    request
        .version(Version::HTTP_2)
        .body(())
        .expect("a request")
}

async fn is_served(app: &TestApp, requests: &Requests) -> bool {
    let Ok(mut requests) = requests.clone().ready().await else {
        return false;
    };
    let request = request(app, Method::GET, "/api/");
    let (response, _) = requests.send_request(request, true).expect("sent");
    response
        .await
        .is_ok_and(|response| response.status() == 200)
}

#[tokio::test]
async fn security_75_an_idle_connection_is_closed() {
    let limits = ConnectionLimits {
        header: Duration::from_secs(3),
        ..short_limits()
    };
    let app = TestApp::with_limits("demo = true", limits).await;
    let (requests, connection_task) = connect(&app, &Builder::new()).await;
    assert!(is_served(&app, &requests).await);
    // The client library responds to every ping, so only the idle limit can end the connection.
    let ended = while_others_are_served(&app, connection_task).await;
    ended.expect("the connection task panicked");
    assert!(!is_served(&app, &requests).await);
}

#[tokio::test]
async fn security_75_stalled_bodies_take_bounded_memory_and_get_408() {
    let app = TestApp::with_limits("demo = true", short_limits()).await;
    let (requests, _) = connect(&app, &Builder::new()).await;
    let buffered = Arc::new(AtomicUsize::new(0));
    let mut responses = Vec::new();
    for _ in 0..STREAMS {
        let mut requests = requests
            .clone()
            .ready()
            .await
            .expect("capacity for a stream");
        let request = request(&app, Method::POST, "/auth/token");
        let (response, mut body) = requests.send_request(request, false).expect("sent");
        let (sent, buffered) = (Arc::clone(&buffered), Arc::clone(&buffered));
        // The body never ends.
        tokio::spawn(async move {
            let mut left = 60_000;
            while left > 0 {
                body.reserve_capacity(left);
                let room = core::future::poll_fn(|context| body.poll_capacity(context)).await;
                let Some(Ok(room)) = room else { return };
                let piece = room.min(left);
                if body.send_data(vec![b'a'; piece].into(), false).is_err() {
                    return;
                }
                sent.fetch_add(piece, Ordering::Relaxed);
                left -= piece;
            }
            // Held open until the server resets it.
            drop(core::future::poll_fn(|context| body.poll_reset(context)).await);
        });
        responses.push(async move {
            let status = response.await.expect("a response").status();
            (status, buffered.load(Ordering::Relaxed))
        });
    }
    let responses = while_others_are_served(&app, join_all(responses)).await;
    assert!(
        responses.iter().all(|(status, _)| *status == 408),
        "{responses:?}"
    );
    let buffered = responses.iter().map(|(_, buffered)| *buffered).min();
    let buffered = buffered.expect("responses");
    assert!(
        buffered < 1024 * 1024,
        "the server accepted {buffered} bytes"
    );
    // The connection still works.
    assert!(is_served(&app, &requests).await);
}

#[tokio::test]
async fn security_75_a_connection_whose_responses_are_not_read_is_closed() {
    let app = TestApp::with_limits("demo = true", short_limits()).await;
    let (requests, connection_task) = connect(&app, Builder::new().initial_window_size(0)).await;
    let mut unread = Vec::new();
    // On a busy machine, the server may close the connection before the last request is sent.
    for _ in 0..STREAMS {
        let Ok(mut requests) = requests.clone().ready().await else {
            break;
        };
        let request = request(&app, Method::GET, "/.well-known/jwks.json");
        let (response, _) = requests.send_request(request, true).expect("sent");
        match response.await {
            Ok(response) => unread.push(response),
            Err(_) => break,
        }
    }
    assert!(!unread.is_empty());
    while_others_are_served(&app, connection_task)
        .await
        .expect("the connection task panicked");
}

#[tokio::test]
async fn event_streams_outlast_every_limit() {
    let limits = ConnectionLimits {
        header: Duration::from_secs(3),
        ..short_limits()
    };
    let app = TestApp::with_limits("demo = true", limits).await;
    let token = app.sign_in().await.access_token;
    let (requests, _) = connect(&app, &Builder::new()).await;
    let mut ready = requests
        .clone()
        .ready()
        .await
        .expect("capacity for a stream");
    let mut request = request(&app, Method::GET, "/api/events");
    let bearer = format!("Bearer {token}").parse().expect("a header");
    request.headers_mut().insert("authorization", bearer);
    let (response, _) = ready.send_request(request, true).expect("sent");
    let mut events = response.await.expect("a response").into_body();
    let first = events.data().await.expect("an event").expect("data");
    assert!(String::from_utf8_lossy(&first).contains("ready"));

    // Two other connections, one after the other, are closed by the idle limit while the stream
    // stays open.
    for _ in 0..2 {
        let (idle, connection_task) = connect(&app, &Builder::new()).await;
        assert!(is_served(&app, &idle).await);
        timeout(TEST_TIMEOUT, connection_task)
            .await
            .expect("in time")
            .expect("the connection task panicked");
    }
    app.sign_in().await;
    let next = timeout(TEST_TIMEOUT, events.data()).await.expect("in time");
    let next = next.expect("an event").expect("data");
    assert!(
        String::from_utf8_lossy(&next).contains("account"),
        "{next:?}"
    );
}

/// The server holds the whole export in memory until its client has read it.
#[tokio::test]
async fn account_export_is_in_progress_until_its_client_has_read_it() {
    let app = TestApp::start().await;
    let token = app.sign_in().await.access_token;
    let user = serde_json::from_value(claims(&token)["sub"].clone()).expect("an id");
    let record = |number| AuditRecord {
        user: Some(user),
        detail: Some(format!("{number:01000}")),
        ..AuditRecord::new(app.clock.now(), AuditKind::Revoked)
    };
    let records = (0..300).map(record).collect();
    let recorded = app.state.store.record_audit(records).await;
    recorded.expect("recorded");

    let (mut requests, _) = connect(&app, Builder::new().initial_window_size(1024)).await;
    let mut export = request(&app, Method::GET, paths::API_ACCOUNT_EXPORT);
    let bearer = format!("Bearer {token}").parse().expect("a header");
    export.headers_mut().insert("authorization", bearer);
    let (response, _) = requests.send_request(export, true).expect("sent");
    let mut response = response.await.expect("a response");
    assert_eq!(response.status(), 200);
    let length = response.headers()["content-length"].clone();
    let other = async || app.get_as(paths::API_ACCOUNT_EXPORT, &token).await;
    for _ in 0..10 {
        assert_eq!(other().await.status(), 429);
    }

    let mut text = Vec::new();
    while let Some(data) = response.body_mut().data().await {
        let data = data.expect("data");
        let released = response.body_mut().flow_control();
        released.release_capacity(data.len()).expect("released");
        text.extend_from_slice(&data);
    }
    assert_eq!(length, text.len().to_string());
    let export: AccountExport = serde_json::from_slice(&text).expect("an export");
    assert!(export.audit.len() >= 300);
    let exported = async { while other().await.status() != 200 {} };
    timeout(TEST_TIMEOUT, exported).await.expect("in time");
}
