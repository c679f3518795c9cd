//! What happened, in a sentence for the person it happened to. Pure.

use latchkey_types::{Activity, ActivityKind};

use crate::device::device;

/// What happened. `at` is the event's moment in words.
pub(super) fn sentence(event: &Activity, at: &str) -> String {
    let device = device(event.browser.as_deref(), event.system.as_deref());
    match event.kind {
        ActivityKind::SignedIn => format!("{device} signed in."),
        ActivityKind::Refreshed => format!("{device} was in use and stayed signed in."),
        ActivityKind::SignedOut => format!("{device} signed out."),
        ActivityKind::EndedRemotely => format!("A device was signed out, from {device}."),
        ActivityKind::EndedAll => format!("Devices were signed out all at once, from {device}."),
        ActivityKind::Replayed => {
            let from = event.address.as_ref();
            let from = from.map_or_else(String::new, |address| format!(" from {address}"));
            format!("Someone used a copy of a token of this device, at {at}{from}; we ended it.")
        }
        ActivityKind::Unproven => {
            "Someone sent a token of one of your devices without that device's key; they were \
             given nothing."
                .to_owned()
        }
        ActivityKind::Revoked => "A program ended a session by revoking its token.".to_owned(),
        ActivityKind::EndedByOperator => "The operator of this site ended a session.".to_owned(),
        ActivityKind::Banned => "The operator of this site banned this account.".to_owned(),
        ActivityKind::Unbanned => "The operator of this site lifted the ban.".to_owned(),
        // Of a later version.
        _ => "Something happened to a session of this account.".to_owned(),
    }
}

/// When and where, and what else is known.
pub(super) fn facts(event: &Activity, at: &str) -> String {
    let mut facts = at.to_owned();
    let mut add = |fact: &str| {
        facts.push_str(" · ");
        facts.push_str(fact);
    };
    if let Some(address) = &event.address {
        add(address);
    }
    if matches!(event.kind, ActivityKind::Replayed | ActivityKind::Unproven) {
        add(&device(event.browser.as_deref(), event.system.as_deref()));
    }
    if let Some(other) = &event.other_address {
        add(&format!("the session was used from {other} before"));
    }
    facts
}

#[cfg(test)]
mod tests;
