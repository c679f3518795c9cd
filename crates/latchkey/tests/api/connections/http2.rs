//! HTTP/2, whose streams stall one by one while the connection is well.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use h2::client::{Builder, SendRequest};
use latchkey_axum::ConnectionLimits;
use reqwest::{Method, Version};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{PATIENCE, address, short, while_others_are_served};
use crate::app::TestApp;

type Requests = SendRequest<Bytes>;

/// As many as the server takes at once.
const STREAMS: usize = 100;

/// A connection, and a task that ends with it.
async fn connected(app: &TestApp, builder: &Builder) -> (Requests, JoinHandle<()>) {
    let stream = TcpStream::connect(address(app)).await.expect("connected");
    let (requests, connection) = builder.handshake(stream).await.expect("HTTP/2");
    let ended = tokio::spawn(async move { drop(connection.await) });
    (requests, ended)
}

fn request(app: &TestApp, method: Method, path: &str) -> axum::http::Request<()> {
    let request = axum::http::Request::builder().method(method);
    let request = request.uri(format!("{}{path}", app.url));
    request
        .version(Version::HTTP_2)
        .body(())
        .expect("a request")
}

async fn answered(app: &TestApp, requests: &Requests) -> bool {
    let Ok(mut requests) = requests.clone().ready().await else {
        return false;
    };
    let request = request(app, Method::GET, "/api/");
    let (answer, _) = requests.send_request(request, true).expect("sent");
    answer.await.is_ok_and(|answer| answer.status() == 200)
}

#[tokio::test]
async fn security_75_a_connection_without_requests_is_closed() {
    let limits = ConnectionLimits {
        header: Duration::from_secs(3),
        ..short()
    };
    let app = TestApp::with_limits("demo = true", limits).await;
    let (requests, ended) = connected(&app, &Builder::new()).await;
    assert!(answered(&app, &requests).await);
    // The library answers every ping, so nothing but the idle limit ends it.
    let ended = while_others_are_served(&app, ended).await;
    ended.expect("it did not panic");
    assert!(!answered(&app, &requests).await);
}

#[tokio::test]
async fn security_75_bodies_that_stop_arriving_take_bounded_memory_and_are_answered() {
    let app = TestApp::with_limits("demo = true", short()).await;
    let (requests, _) = connected(&app, &Builder::new()).await;
    let taken = Arc::new(AtomicUsize::new(0));
    let mut answers = Vec::new();
    for _ in 0..STREAMS {
        let mut requests = requests.clone().ready().await.expect("room");
        let request = request(&app, Method::POST, "/auth/token");
        let (answer, mut body) = requests.send_request(request, false).expect("sent");
        let (sent, taken) = (Arc::clone(&taken), Arc::clone(&taken));
        // Never ended.
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
        answers.push(async move {
            let status = answer.await.expect("an answer").status();
            (status, taken.load(Ordering::Relaxed))
        });
    }
    let answers = while_others_are_served(&app, join_all(answers)).await;
    assert!(
        answers.iter().all(|(status, _)| *status == 408),
        "{answers:?}"
    );
    let taken = answers.iter().map(|(_, taken)| *taken).min();
    let taken = taken.expect("some");
    assert!(taken < 1024 * 1024, "{taken} bytes were taken");
    // The connection is as good as before.
    assert!(answered(&app, &requests).await);
}

#[tokio::test]
async fn security_75_streams_whose_responses_are_not_read_are_gone() {
    let app = TestApp::with_limits("demo = true", short()).await;
    let (requests, ended) = connected(&app, Builder::new().initial_window_size(0)).await;
    let mut unread = Vec::new();
    // Until the server loses patience, which on a busy machine may be before the last.
    for _ in 0..STREAMS {
        let Ok(mut requests) = requests.clone().ready().await else {
            break;
        };
        let request = request(&app, Method::GET, "/.well-known/jwks.json");
        let (answer, _) = requests.send_request(request, true).expect("sent");
        match answer.await {
            Ok(answer) => unread.push(answer),
            Err(_) => break,
        }
    }
    assert!(!unread.is_empty());
    while_others_are_served(&app, ended)
        .await
        .expect("it ended");
}

#[tokio::test]
async fn event_streams_outlast_every_limit() {
    let limits = ConnectionLimits {
        header: Duration::from_secs(3),
        ..short()
    };
    let app = TestApp::with_limits("demo = true", limits).await;
    let token = app.sign_in().await.access_token;
    let (requests, _) = connected(&app, &Builder::new()).await;
    let mut ready = requests.clone().ready().await.expect("room");
    let mut request = request(&app, Method::GET, "/api/events");
    let bearer = format!("Bearer {token}").parse().expect("a header");
    request.headers_mut().insert("authorization", bearer);
    let (answer, _) = ready.send_request(request, true).expect("sent");
    let mut events = answer.await.expect("an answer").into_body();
    let first = events.data().await.expect("an event").expect("data");
    assert!(String::from_utf8_lossy(&first).contains("ready"));

    // The limits pass for a connection beside it.
    for _ in 0..2 {
        let (beside, ended) = connected(&app, &Builder::new()).await;
        assert!(answered(&app, &beside).await);
        timeout(PATIENCE, ended)
            .await
            .expect("in time")
            .expect("it ended");
    }
    app.sign_in().await;
    let next = timeout(PATIENCE, events.data()).await.expect("in time");
    let next = next.expect("an event").expect("data");
    assert!(
        String::from_utf8_lossy(&next).contains("account"),
        "{next:?}"
    );
}
