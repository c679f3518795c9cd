//! A browser with a name, and an event stream that it reads.

use std::time::Duration;

use latchkey_types::TokenResponse;
use latchkey_types::{Activity, ActivityKind, ActivityList, ServerEvent, SessionInfo, SessionList};
use reqwest::header::{COOKIE, USER_AGENT};
use reqwest::{Method, Response};
use tokio::time::timeout;

use super::{Caller, tokens};

pub(crate) const FIREFOX: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0";

/// How long something may take that takes no time.
const PATIENCE: Duration = Duration::from_secs(20);

impl Caller {
    /// Signs in as Ada with this browser.
    pub(crate) async fn sign_in_with(&self, user_agent: &str) -> TokenResponse {
        let begun = self.begin("demo").await;
        let mut form = self.approve(&begun, "ada@example.com").await;
        form.insert("grant_type".into(), "authorization_code".into());
        let request = self.post("/auth/token").header(COOKIE, begun.cookie);
        let answer = request.header(USER_AGENT, user_agent).form(&form).send();
        tokens(answer.await.expect("an answer")).await
    }

    /// `DELETE` with this access token.
    pub(crate) async fn delete_as(&self, path: &str, access_token: &str) -> Response {
        let request = self
            .http
            .request(Method::DELETE, format!("{}{path}", self.url));
        let request = request.bearer_auth(access_token);
        request.send().await.expect("an answer")
    }

    /// Signs out everywhere with this access token.
    pub(crate) async fn log_out_everywhere(&self, access_token: &str) -> Response {
        let body = serde_json::json!({ "everywhere": true });
        let request = self.post("/auth/logout").bearer_auth(access_token);
        request.json(&body).send().await.expect("an answer")
    }

    /// The sessions that this access token's person has.
    pub(crate) async fn sessions(&self, access_token: &str) -> Vec<SessionInfo> {
        let answer = self.get_as("/api/sessions", access_token).await;
        assert_eq!(answer.status(), 200);
        let list: SessionList = answer.json().await.expect("sessions");
        list.sessions
    }

    /// The newest events of this access token's person.
    pub(crate) async fn activity(&self, access_token: &str) -> Vec<Activity> {
        self.activity_page("/api/activity", access_token)
            .await
            .events
    }

    /// What those events are.
    pub(crate) async fn kinds(&self, access_token: &str) -> Vec<ActivityKind> {
        let events = self.activity(access_token).await;
        events.iter().map(|event| event.kind).collect()
    }

    pub(crate) async fn activity_page(&self, path: &str, access_token: &str) -> ActivityList {
        let answer = self.get_as(path, access_token).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.expect("events")
    }

    /// Opens an event stream, which is ready when this returns.
    pub(crate) async fn events(&self, access_token: &str) -> Events {
        let answer = self.get_as("/api/events", access_token).await;
        assert_eq!(answer.status(), 200);
        let mut events = Events {
            answer,
            read: String::new(),
        };
        assert_eq!(events.next().await, Some(ServerEvent::Ready));
        events
    }
}

/// An event stream.
pub(crate) struct Events {
    pub(crate) answer: Response,
    read: String,
}

impl Events {
    /// The next event; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<ServerEvent> {
        // Comments keep the connection alive, not the test.
        let next = timeout(PATIENCE, self.next_event()).await;
        next.expect("something happens, or the stream ends")
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
