//! Requests of a signed-in user: sessions, activity, the event stream.

use std::time::Duration;

use latchkey_types::{Activity, ActivityKind, ActivityList, ServerEvent, SessionInfo, SessionList};
use reqwest::Response;
use tokio::time::timeout;

use super::ApiClient;

/// How long to wait for an event.
const EVENT_TIMEOUT: Duration = Duration::from_mins(1);

impl ApiClient {
    /// The sessions of the user of this access token.
    pub async fn sessions(&self, access_token: &str) -> Vec<SessionInfo> {
        let response = self.get_as("/api/sessions", access_token).await;
        assert_eq!(response.status(), 200);
        let list: SessionList = response.json().await.expect("sessions");
        list.sessions
    }

    /// The newest events of the user of this access token.
    pub async fn activity(&self, access_token: &str) -> Vec<Activity> {
        self.activity_page("/api/activity", access_token)
            .await
            .events
    }

    /// The kinds of the newest events.
    pub async fn kinds(&self, access_token: &str) -> Vec<ActivityKind> {
        let events = self.activity(access_token).await;
        events.iter().map(|event| event.kind).collect()
    }

    /// A page of events, such as `/api/activity?before=…`.
    pub async fn activity_page(&self, path: &str, access_token: &str) -> ActivityList {
        let response = self.get_as(path, access_token).await;
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.expect("events")
    }

    /// Opens an event stream and waits until it is ready.
    pub async fn events(&self, access_token: &str) -> EventStream {
        let response = self.get_as("/api/events", access_token).await;
        assert_eq!(response.status(), 200);
        let mut events = EventStream {
            response,
            buffer: String::new(),
        };
        assert_eq!(events.next().await, Some(ServerEvent::Ready));
        events
    }
}

/// An event stream, as a browser receives it.
#[derive(Debug)]
pub struct EventStream {
    /// The response that contains the stream.
    pub response: Response,
    buffer: String,
}

impl EventStream {
    /// The next event; `None` at the end of the stream. Panics after a minute without either.
    pub async fn next(&mut self) -> Option<ServerEvent> {
        // Keep-alive comments do not extend the timeout.
        let next = timeout(EVENT_TIMEOUT, self.next_event()).await;
        next.expect("an event, or the end of the stream")
    }

    async fn next_event(&mut self) -> Option<ServerEvent> {
        loop {
            let message = self.message().await?;
            if let Some(data) = message.strip_prefix("data: ") {
                return Some(serde_json::from_str(data).expect("an event"));
            }
            assert_eq!(message, ": keep-alive");
        }
    }

    /// The next message, which may be a comment.
    async fn message(&mut self) -> Option<String> {
        loop {
            if let Some((message, rest)) = self.buffer.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.buffer = rest;
                return Some(message);
            }
            let chunk = self.response.chunk().await.expect("a whole stream")?;
            self.buffer
                .push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }
}
