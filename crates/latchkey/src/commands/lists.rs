//! Formats lists as text, with one line for each entry.

use latchkey_axum::use_cases::operator::KeyState;

use super::printable::printable;
use super::time::utc;
use crate::control::details::{DenialDetails, KeyDetails, SessionDetails, UserDetails};

/// The lines of a page, or "no entries", and a line that says how to read the next page.
fn page<T>(entries: &[T], next: Option<&str>, line: impl Fn(&T) -> String) -> String {
    let mut lines: Vec<_> = entries.iter().map(|it| printable(&line(it))).collect();
    if entries.is_empty() {
        lines.push("no entries".to_owned());
    }
    lines.extend(next.map(|next| format!("more: repeat the command with --before={next}")));
    lines.join("\n")
}

pub(super) fn users(users: &[UserDetails], next: Option<&str>) -> String {
    page(users, next, user)
}

pub(super) fn user(user: &UserDetails) -> String {
    let name = user.email.as_ref().or(user.username.as_ref());
    let name = name.or(user.name.as_ref()).unwrap_or(&user.subject);
    let verified = if user.email.is_some() && !user.email_verified {
        ", not verified"
    } else {
        ""
    };
    let mut text = format!(
        "{}  {name}{verified}  since {}",
        user.id,
        utc(user.created_at)
    );
    if !user.granted_roles.is_empty() {
        text.push_str("  roles: ");
        text.push_str(&user.granted_roles.join(" "));
    }
    if let Some(ban) = &user.ban {
        let until = ban.until.map(|until| format!(" until {}", utc(until)));
        let until = until.unwrap_or_default();
        text.push_str("  banned");
        text.push_str(&until);
        text.push_str(": ");
        text.push_str(&ban.reason);
    }
    text
}

pub(super) fn sessions(sessions: &[SessionDetails], next: Option<&str>) -> String {
    page(sessions, next, |session| {
        let user = session.email.clone();
        let user = user.unwrap_or_else(|| session.user.to_string());
        let address = session.address.as_deref().unwrap_or("unknown address");
        format!(
            "{}  {user}  {}  {address}  opened {}  last seen {}",
            session.id,
            session.provider,
            utc(session.opened_at),
            utc(session.last_seen)
        )
    })
}

pub(super) fn denials(denials: &[DenialDetails], next: Option<&str>) -> String {
    page(denials, next, |denial| {
        let by = denial.by.as_ref().map(|by| format!("  by {by}"));
        format!(
            "{} {}  until {}{}  {}",
            denial.kind,
            denial.id,
            utc(denial.until),
            by.unwrap_or_default(),
            denial.reason
        )
    })
}

pub(super) fn keys(keys: &[KeyDetails]) -> String {
    page(keys, None, |key| {
        let state = match key.state {
            KeyState::Next => format!("signs from {}", utc(key.signs_from)),
            KeyState::Signing => format!("signing since {}", utc(key.signs_from)),
            KeyState::Retired => "retired".to_owned(),
        };
        let until = key.expires_at.map(|at| format!("  until {}", utc(at)));
        let until = until.unwrap_or_default();
        format!("{}  {:?}  {state}{until}", key.kid, key.algorithm)
    })
}
