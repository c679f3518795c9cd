//! Snapshots of everything that clients and scripts parse: response bodies, headers, and the output
//! of commands.
//!
//! A difference fails the test, locally and in CI. After an intended change, run
//! `INSTA_UPDATE=always cargo test -p latchkey --test api wire_formats`, and review and commit the
//! changed files in the `snapshots` directories.

mod commands;
mod documents;
mod errors;
mod oauth_errors;

use std::fmt::Write as _;

use reqwest::{RequestBuilder, Response};
use serde_json::Value;

use crate::app::TestApp;
use latchkey_testing::header;

/// The headers that belong to a wire format, each with the placeholder for a value that varies.
const HEADERS: [(&str, Option<&str>); 6] = [
    ("content-type", None),
    ("cache-control", None),
    ("allow", None),
    ("retry-after", Some("[seconds]")),
    ("www-authenticate", None),
    ("dpop-nonce", Some("[nonce]")),
];

/// Sections of text: responses of one server, or outputs of commands.
#[derive(Default)]
struct Snapshot {
    url: String,
    text: String,
}

impl Snapshot {
    fn of(app: &TestApp) -> Self {
        Self {
            url: app.url.clone(),
            text: String::new(),
        }
    }

    /// Sends a request, and adds its response.
    async fn send(&mut self, title: &str, request: RequestBuilder) {
        self.add(title, request.send().await.expect("a response"))
            .await;
    }

    /// Adds the status, the headers and the body of a response.
    async fn add(&mut self, title: &str, response: Response) {
        let mut head = format!("{}\n", response.status());
        let seconds = header(&response, "retry-after").to_owned();
        for (name, placeholder) in HEADERS {
            for value in response.headers().get_all(name) {
                let value = value.to_str().expect("text");
                let _ = writeln!(head, "{name}: {}", placeholder.unwrap_or(value));
            }
        }
        let body: Value = response.json().await.expect("JSON");
        let mut body = pretty(body);
        if !seconds.is_empty() {
            body = body.replace(&format!(" {seconds} s"), " [seconds] s");
        }
        self.section(title, &format!("{head}\n{body}"));
    }

    fn section(&mut self, title: &str, text: &str) {
        let separator = if self.text.is_empty() { "" } else { "\n" };
        let text = match &*self.url {
            "" => text.to_owned(),
            url => text.replace(url, "{url}"),
        };
        let _ = write!(self.text, "{separator}# {title}\n\n{text}\n");
    }
}

/// The members whose values differ from run to run.
const VARYING: [&str; 14] = [
    "access_token",
    "dpop_nonce",
    "jti",
    "kid",
    "next",
    "records",
    "refresh_token",
    "request_id",
    "session_id",
    "sid",
    "sub",
    "subject",
    "x",
    "y",
];

/// JSON as indented text, with a placeholder for each value that varies.
fn pretty(mut value: Value) -> String {
    redact(&mut value);
    serde_json::to_string_pretty(&value).expect("JSON")
}

fn redact(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(redact),
        Value::Object(members) => {
            for (name, value) in members {
                if VARYING.contains(&&**name) && !value.is_null() {
                    *value = format!("[{name}]").into();
                } else if ["id", "user", "by"].contains(&&**name) && is_random(value) {
                    *value = "[id]".into();
                } else {
                    redact(value);
                }
            }
        }
        _ => {}
    }
}

/// Whether this is the id of a user or a session: 128 bits in base64url.
fn is_random(value: &Value) -> bool {
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    value
        .as_str()
        .is_some_and(|text| text.len() == 22 && text.bytes().all(is_base64url))
}
