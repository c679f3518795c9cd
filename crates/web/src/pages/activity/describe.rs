//! The text of a security event for its user. Pure.

use latchkey_types::{Activity, ActivityKind};

use crate::device::device;

/// What happened. `at` is the time of the event as text.
pub(super) fn headline(event: &Activity, at: &str) -> String {
    let device = device(event.browser.as_deref(), event.system.as_deref());
    match event.kind {
        ActivityKind::SignedIn => format!("{device} signed in."),
        ActivityKind::Refreshed => format!("{device} was in use and stayed signed in."),
        ActivityKind::SignedOut => format!("{device} signed out."),
        ActivityKind::EndedRemotely => format!("{device} signed out another device."),
        ActivityKind::EndedAll => format!("{device} signed out several devices at once."),
        ActivityKind::Replayed => {
            let from = event.address.as_ref();
            let from = from.map_or_else(String::new, |address| format!(" from {address}"));
            format!(
                "A token of one of your sessions was used twice, the second time on {at}{from}. It \
                 may have been copied, so we ended the session."
            )
        }
        ActivityKind::ProofMissing => {
            "Someone used a token from one of your devices without that device's key. We refused \
             the request."
                .to_owned()
        }
        ActivityKind::Revoked => {
            "An application revoked a session's token, which ended the session.".to_owned()
        }
        ActivityKind::EndedByOperator => "The operator of this site ended a session.".to_owned(),
        ActivityKind::Banned => "The operator of this site banned this account.".to_owned(),
        ActivityKind::Unbanned => "The operator of this site lifted the ban.".to_owned(),
        ActivityKind::PasswordChanged => {
            "The password of this account was set or changed, which signed out other devices."
                .to_owned()
        }
        ActivityKind::RolesChanged => {
            "The operator of this site changed this account's roles.".to_owned()
        }
        ActivityKind::TokenDenied => {
            "The operator of this site revoked an access token of this account.".to_owned()
        }
        ActivityKind::DenialLifted => {
            "The operator of this site made a revoked access token of this account valid again."
                .to_owned()
        }
        ActivityKind::Displaced => {
            "The least recently used device was signed out because too many devices were signed \
             in."
            .to_owned()
        }
        ActivityKind::NotAdmitted => {
            "A session was ended because this account was no longer allowed to use this site."
                .to_owned()
        }
        ActivityKind::IdentityLinked => {
            format!("{device} added a way to sign in to this account.")
        }
        ActivityKind::IdentityRemoved => format!(
            "{device} removed a way to sign in, which signed out the devices that had used it."
        ),
        ActivityKind::AccountDeleted => format!("{device} deleted this account."),
        // A kind that a later version added.
        _ => "Something happened to a session of this account.".to_owned(),
    }
}

/// The facts that the headline does not contain.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Facts {
    /// Whether the time of the event is shown before the texts.
    pub(super) shows_time: bool,
    /// Where the request, or the earlier sign-in, came from: addresses and the device.
    pub(super) texts: Vec<String>,
}

/// The facts of an event that its headline does not contain.
pub(super) fn facts(event: &Activity) -> Facts {
    let sent_by = || {
        let device = device(event.browser.as_deref(), event.system.as_deref());
        format!("sent by {device}")
    };
    let signed_in = |address: &String| format!("the sign-in was from {address}");
    let texts = match event.kind {
        ActivityKind::Replayed => [Some(sent_by()), event.other_address.as_ref().map(signed_in)],
        ActivityKind::ProofMissing => [event.address.clone(), Some(sent_by())],
        _ => [event.address.clone(), None],
    };
    Facts {
        shows_time: event.kind != ActivityKind::Replayed,
        texts: texts.into_iter().flatten().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: ActivityKind) -> Activity {
        Activity {
            at: 0,
            kind,
            session_id: None,
            browser: Some("Chrome".to_owned()),
            system: Some("Linux".to_owned()),
            address: Some("203.0.113.7".to_owned()),
            other_address: None,
        }
    }

    fn shown(event: &Activity) -> (bool, Vec<String>) {
        let facts = facts(event);
        (facts.shows_time, facts.texts)
    }

    #[test]
    fn replay_is_described_with_time_address_and_device() {
        let mut replay = event(ActivityKind::Replayed);
        replay.other_address = Some("198.51.100.1".to_owned());
        assert_eq!(
            headline(&replay, "May 1"),
            "A token of one of your sessions was used twice, the second time on May 1 from \
             203.0.113.7. It may have been copied, so we ended the session."
        );
        let texts = [
            "sent by Chrome on Linux",
            "the sign-in was from 198.51.100.1",
        ];
        assert_eq!(shown(&replay), (false, texts.map(str::to_owned).to_vec()));
        replay.address = None;
        assert_eq!(
            headline(&replay, "May 1"),
            "A token of one of your sessions was used twice, the second time on May 1. It may have \
             been copied, so we ended the session."
        );
    }

    #[test]
    fn token_without_its_key_is_described_with_the_sender() {
        let texts = ["203.0.113.7", "sent by Chrome on Linux"].map(str::to_owned);
        let facts = shown(&event(ActivityKind::ProofMissing));
        assert_eq!(facts, (true, texts.to_vec()));
    }

    #[test]
    fn each_kind_has_its_own_headline() {
        let kinds = [
            ActivityKind::SignedIn,
            ActivityKind::Refreshed,
            ActivityKind::SignedOut,
            ActivityKind::EndedRemotely,
            ActivityKind::EndedAll,
            ActivityKind::Replayed,
            ActivityKind::ProofMissing,
            ActivityKind::Revoked,
            ActivityKind::EndedByOperator,
            ActivityKind::Banned,
            ActivityKind::Unbanned,
            ActivityKind::PasswordChanged,
            ActivityKind::RolesChanged,
            ActivityKind::TokenDenied,
            ActivityKind::DenialLifted,
            ActivityKind::Displaced,
            ActivityKind::NotAdmitted,
            ActivityKind::IdentityLinked,
            ActivityKind::IdentityRemoved,
            ActivityKind::AccountDeleted,
        ];
        let mut headlines: Vec<_> = kinds.map(|kind| headline(&event(kind), "May 1")).into();
        headlines.sort_unstable();
        headlines.dedup();
        assert_eq!(headlines.len(), kinds.len());
    }

    #[test]
    fn sign_in_is_described_with_time_address_and_device() {
        let signed_in = event(ActivityKind::SignedIn);
        assert_eq!(headline(&signed_in, "May 1"), "Chrome on Linux signed in.");
        assert_eq!(shown(&signed_in), (true, vec!["203.0.113.7".to_owned()]));
        let unknown = Activity {
            browser: None,
            system: None,
            address: None,
            ..signed_in
        };
        assert_eq!(headline(&unknown, "May 1"), "Unknown device signed in.");
        assert_eq!(shown(&unknown), (true, Vec::new()));
    }
}
