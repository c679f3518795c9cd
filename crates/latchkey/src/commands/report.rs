//! The result of a command: text for operators, a JSON value for scripts.

use std::fmt::Write as _;
use std::path::PathBuf;

use latchkey_types::admin::{AuditEvent, AuditOutcome};
use serde::Serialize;

use super::lists;
use super::printable::printable;
use super::time::utc;
use crate::control::outcome::{Outcome, UserInfo};

/// The result of a command.
#[derive(Debug, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub(super) enum Report {
    /// The configuration is valid.
    ConfigurationValid,
    /// A backup was written.
    Exported {
        /// The file; `None` for standard output.
        file: Option<PathBuf>,
        /// The number of records in the backup.
        records: u64,
    },
    /// Audit records.
    Audit {
        /// The records, newest first.
        events: Vec<AuditEvent>,
    },
    /// A backup was imported into the store.
    Imported {
        /// The number of records in the backup.
        records: u64,
    },
    /// The server has stopped.
    Stopped,
    /// The outcome of an operator command.
    #[serde(untagged)]
    Admin(Outcome),
}

impl Report {
    /// The text to print, if any.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::ConfigurationValid => Some("the configuration is valid".to_owned()),
            Self::Imported { records } => Some(format!("imported {records} records")),
            Self::Audit { events } => {
                let lines: Vec<_> = events.iter().map(line).collect();
                (!lines.is_empty()).then(|| lines.join("\n"))
            }
            Self::Exported { .. } | Self::Stopped => None,
            Self::Admin(outcome) => Some(describe(outcome)),
        }
    }
}

/// An audit record on one line.
fn line(event: &AuditEvent) -> String {
    let outcome = match event.outcome {
        AuditOutcome::Success => "success",
        AuditOutcome::Refused => "refused",
        AuditOutcome::Failed => "failed",
    };
    let mut line = format!("{}  {} {outcome}", utc(event.at), event.kind);
    for (name, value) in [
        ("user", &event.user),
        ("session", &event.session_id),
        ("provider", &event.provider),
        ("address", &event.address),
        ("browser", &event.browser),
        ("system", &event.system),
        ("request", &event.request_id),
        ("by", &event.actor),
        ("detail", &event.detail),
    ] {
        if let Some(value) = value {
            let _ = write!(line, "  {name}={value}");
        }
    }
    printable(&line)
}

fn describe(outcome: &Outcome) -> String {
    let line = match outcome {
        Outcome::Users { users, next } => return lists::users(users, next.as_deref()),
        Outcome::Sessions { sessions, next } => return lists::sessions(sessions, next.as_deref()),
        Outcome::Denials { denials, next } => return lists::denials(denials, next.as_deref()),
        Outcome::Keys { keys } => return lists::keys(keys),
        Outcome::User { user } => lists::user(user),
        Outcome::UserBanned {
            user,
            sessions_ended,
        } => format!("{} is banned; {}", name(user), ended(*sessions_ended)),
        Outcome::UserUnbanned { user } => format!("{} may sign in again", name(user)),
        Outcome::UserNotBanned { user } => format!("{} was not banned", name(user)),
        Outcome::SessionsEnded {
            user,
            sessions_ended,
        } => format!("{}: {}", name(user), ended(*sessions_ended)),
        Outcome::AllSessionsEnded { sessions_ended } => ended(*sessions_ended),
        Outcome::RolesChanged { user } => match &*user.granted_roles.join(" ") {
            "" => format!("{} has no granted roles", user.id),
            roles => format!("{} has the granted roles {roles}", user.id),
        },
        Outcome::SessionEnded { session, user } => {
            format!("session {session} of user {user} has ended")
        }
        Outcome::TokenDenied { token } => {
            format!("access token {token} is refused; its session stays open")
        }
        Outcome::DenialLifted { token } => {
            format!("access token {token} is accepted again until it expires")
        }
        Outcome::UserCreated {
            username,
            link: Some(link),
            ..
        } => format!(
            "created {username}; to set the password, open this link within an hour (it works \
             once): {link}"
        ),
        Outcome::UserCreated { username, .. } => format!("created {username}"),
        Outcome::Invited { link, .. } => {
            format!("to create an account, open this link within an hour (it works once): {link}")
        }
        Outcome::PasswordLinkCreated { link, .. } => {
            format!("to set a new password, open this link within an hour (it works once): {link}")
        }
        Outcome::KeyRotated {
            kid,
            signs_in_seconds,
        } => format!(
            "signing key {kid} is published; new tokens will be signed with it in {} minutes",
            signs_in_seconds.div_ceil(60)
        ),
    };
    printable(&line)
}

fn name(user: &UserInfo) -> String {
    let id = user.id;
    match &user.email {
        Some(email) if user.email_verified => format!("{email} ({id})"),
        Some(email) => format!("{email}, not verified ({id})"),
        None => id.to_string(),
    }
}

fn ended(sessions: usize) -> String {
    match sessions {
        0 => "no live sessions to end".to_owned(),
        1 => "ended 1 session".to_owned(),
        count => format!("ended {count} sessions"),
    }
}

#[cfg(test)]
mod tests {
    use latchkey_core::{SessionId, UserId};
    use serde_json::json;

    use super::*;

    #[test]
    fn unverified_email_addresses_are_marked() {
        let id = UserId::from_bytes([1; 16]);
        let name = |email: Option<&str>, email_verified| {
            name(&UserInfo {
                id,
                email: email.map(str::to_owned),
                email_verified,
            })
        };
        let ada = Some("ada@example.com");
        assert_eq!(name(ada, true), format!("ada@example.com ({id})"));
        let unverified = format!("ada@example.com, not verified ({id})");
        assert_eq!(name(ada, false), unverified);
        assert_eq!(name(None, false), id.to_string());
    }

    #[test]
    fn control_characters_in_untrusted_text_are_escaped() {
        const EVIL: &str = "\u{1b}]0;x\u{7}\n\u{9b}2J\u{202e}";
        let id = UserId::from_bytes([1; 16]);
        let user = json!({
            "id": id, "issuer": EVIL, "subject": EVIL, "provider": EVIL, "username": EVIL,
            "email": EVIL, "email_verified": true, "name": EVIL, "created_at": 1,
            "granted_roles": [EVIL], "identities": [],
            "ban": { "at": 1, "reason": EVIL },
        });
        let session = json!({
            "id": SessionId::from_bytes([2; 16]), "user": id, "email": EVIL, "provider": EVIL,
            "address": EVIL, "opened_at": 1, "last_seen": 1, "expires_at": 2, "bound": false,
        });
        let denial = json!({
            "kind": "token", "id": EVIL, "reason": EVIL, "at": 1, "until": 2, "by": EVIL,
            "liftable": true,
        });
        let info = json!({ "id": id, "email": EVIL, "email_verified": true });
        for outcome in [
            json!({ "result": "users", "users": [user] }),
            json!({ "result": "user", "user": user }),
            json!({ "result": "roles_changed", "user": user }),
            json!({ "result": "sessions", "sessions": [session] }),
            json!({ "result": "denials", "denials": [denial] }),
            json!({ "result": "user_banned", "user": info, "sessions_ended": 0 }),
            json!({ "result": "user_created", "username": EVIL, "user": info }),
        ] {
            let outcome: Outcome = serde_json::from_value(outcome).expect("an outcome");
            let text = Report::Admin(outcome).text().expect("text");
            assert!(text.contains("\\u{1b}"), "{text:?}");
            let mut unsafe_chars = text.chars().filter(|c| c.is_control() || *c == '\u{202e}');
            assert_eq!(unsafe_chars.next(), None, "{text:?}");
        }
    }

    #[test]
    fn reports_serialize_with_a_result_tag() {
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
        assert_eq!(ended.text().as_deref(), Some("ended 1 session"));
    }
}
