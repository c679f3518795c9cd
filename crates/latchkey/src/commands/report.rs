//! What a command reports when it is done: a sentence for people, a JSON value for scripts.

use std::path::PathBuf;

use serde::Serialize;

use crate::control::protocol::{Outcome, UserInfo};

/// What was done.
#[derive(Debug, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub(super) enum Report {
    /// The configuration can be used.
    ConfigurationValid,
    /// A backup is in this file.
    Exported {
        /// The file; `None`: standard output.
        file: Option<PathBuf>,
        /// How many records it holds.
        records: u64,
    },
    /// A backup is in the store.
    Imported {
        /// How many records it holds.
        records: u64,
    },
    /// The server has stopped.
    Stopped,
    /// What an operator did.
    #[serde(untagged)]
    Admin(Outcome),
}

impl Report {
    /// The line to print, if there is something to say.
    pub(super) fn sentence(&self) -> Option<String> {
        match self {
            Self::ConfigurationValid => Some("the configuration is valid".to_owned()),
            Self::Imported { records } => Some(format!("imported {records} records")),
            Self::Exported { .. } | Self::Stopped => None,
            Self::Admin(outcome) => Some(sentence(outcome)),
        }
    }
}

fn sentence(outcome: &Outcome) -> String {
    match outcome {
        Outcome::UserBanned {
            user,
            sessions_ended,
        } => format!("{} is banned; {}", named(user), ended(*sessions_ended)),
        Outcome::UserUnbanned { user } => format!("{} may sign in again", named(user)),
        Outcome::UserNotBanned { user } => format!("{} was not banned", named(user)),
        Outcome::SessionsEnded {
            user,
            sessions_ended,
        } => format!("{}: {}", named(user), ended(*sessions_ended)),
        Outcome::AllSessionsEnded { sessions_ended } => ended(*sessions_ended),
        Outcome::KeyRotated {
            kid,
            signs_in_seconds,
        } => format!(
            "signing key {kid} is published and starts to sign in {} minutes",
            signs_in_seconds / 60
        ),
    }
}

fn named(user: &UserInfo) -> String {
    let id = user.id;
    match &user.email {
        Some(email) if user.email_verified => format!("{email} ({id})"),
        Some(email) => format!("{email}, not verified ({id})"),
        None => id.to_string(),
    }
}

fn ended(sessions: usize) -> String {
    match sessions {
        0 => "there was no live session".to_owned(),
        1 => "ended 1 session".to_owned(),
        more => format!("ended {more} sessions"),
    }
}

#[cfg(test)]
mod tests {
    use latchkey_core::UserId;
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_that_are_not_verified_are_named_as_such() {
        let id = UserId::from_bytes([1; 16]);
        let named = |email: Option<&str>, email_verified| {
            named(&UserInfo {
                id,
                email: email.map(str::to_owned),
                email_verified,
            })
        };
        let ada = Some("ada@example.com");
        assert_eq!(named(ada, true), format!("ada@example.com ({id})"));
        let unverified = format!("ada@example.com, not verified ({id})");
        assert_eq!(named(ada, false), unverified);
        assert_eq!(named(None, false), id.to_string());
    }

    #[test]
    fn every_report_says_its_result() {
        let imported = Report::Imported { records: 2 };
        assert_eq!(
            json!(imported),
            json!({ "result": "imported", "records": 2 })
        );
        let ended = Report::Admin(Outcome::AllSessionsEnded { sessions_ended: 1 });
        assert_eq!(
            json!(ended),
            json!({ "result": "all_sessions_ended", "sessions_ended": 1 })
        );
        assert_eq!(ended.sentence().as_deref(), Some("ended 1 session"));
    }
}
