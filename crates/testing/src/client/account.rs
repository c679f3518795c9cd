//! What an account sees of itself: its sessions, its activity, its event stream.

use std::time::Duration;

use latchkey_types::{Activity, ActivityKind, ActivityList, ServerEvent, SessionInfo, SessionList};
use reqwest::Response;
use tokio::time::timeout;

use super::ApiClient;

/// How long an event may take that is due now.
const TIMEOUT: Duration = Duration::from_mins(1);

impl ApiClient {
    /// The sessions of this access token's account.
    pub async fn sessions(&self, access_token: &str) -> Vec<SessionInfo> {
        let answer = self.get_as("/api/sessions", access_token).await;
        assert_eq!(answer.status(), 200);
        let list: SessionList = answer.json().await.expect("sessions");
        list.sessions
    }

    /// The newest events of this access token's account.
    pub async fn activity(&self, access_token: &str) -> Vec<Activity> {
        self.activity_page("/api/activity", access_token)
            .await
            .events
    }

    /// The kinds of those events.
    pub async fn kinds(&self, access_token: &str) -> Vec<ActivityKind> {
        let events = self.activity(access_token).await;
        events.iter().map(|event| event.kind).collect()
    }

    /// A page of events: `/api/activity?before=…`.
    pub async fn activity_page(&self, path: &str, access_token: &str) -> ActivityList {
        let answer = self.get_as(path, access_token).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("events")
    }

    /// Opens an event stream, which is ready when this returns.
    pub async fn events(&self, access_token: &str) -> EventStream {
        let answer = self.get_as("/api/events", access_token).await;
        assert_eq!(answer.status(), 200);
        let mut events = EventStream {
            answer,
            read: String::new(),
        };
        assert_eq!(events.next().await, Some(ServerEvent::Ready));
        events
    }
}

/// An event stream of a browser.
#[derive(Debug)]
pub struct EventStream {
    /// The response that it is read from.
    pub answer: Response,
    read: String,
}

impl EventStream {
    /// The next event; `None` at the end of the stream. Panics if neither comes within a minute.
    pub async fn next(&mut self) -> Option<ServerEvent> {
        // Comments keep the connection alive, not the test.
        let next = timeout(TIMEOUT, self.next_event()).await;
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

    /// The next message, be it a comment.
    async fn message(&mut self) -> Option<String> {
        loop {
            if let Some((message, rest)) = self.read.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.read = rest;
                return Some(message);
            }
            let chunk = self.answer.chunk().await.expect("a whole stream")?;
            self.read
                .push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }
}
