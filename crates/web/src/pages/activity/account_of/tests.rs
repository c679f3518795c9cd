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

#[test]
fn a_replay_says_what_when_and_from_where() {
    let mut replay = event(ActivityKind::Replayed);
    replay.other_address = Some("198.51.100.1".to_owned());
    assert_eq!(
        sentence(&replay, "noon"),
        "Someone used a copy of a token of this device, at noon from 203.0.113.7; we ended it."
    );
    assert_eq!(
        facts(&replay, "noon"),
        "sent by Chrome on Linux · the session was used from 198.51.100.1 before"
    );
    replay.address = None;
    assert_eq!(
        sentence(&replay, "noon"),
        "Someone used a copy of a token of this device, at noon; we ended it."
    );
}

#[test]
fn a_token_without_its_key_is_told_with_who_sent_it() {
    let facts = facts(&event(ActivityKind::Unproven), "noon");
    assert_eq!(facts, "noon · 203.0.113.7 · sent by Chrome on Linux");
}

#[test]
fn each_kind_has_its_own_sentence() {
    let kinds = [
        ActivityKind::SignedIn,
        ActivityKind::Refreshed,
        ActivityKind::SignedOut,
        ActivityKind::EndedRemotely,
        ActivityKind::EndedAll,
        ActivityKind::Replayed,
        ActivityKind::Unproven,
        ActivityKind::Revoked,
        ActivityKind::EndedByOperator,
        ActivityKind::Banned,
        ActivityKind::Unbanned,
        ActivityKind::Displaced,
        ActivityKind::NotAdmitted,
    ];
    let mut sentences: Vec<_> = kinds.map(|kind| sentence(&event(kind), "noon")).into();
    sentences.sort_unstable();
    sentences.dedup();
    assert_eq!(sentences.len(), kinds.len());
}

#[test]
fn when_where_and_by_what() {
    let signed_in = event(ActivityKind::SignedIn);
    assert_eq!(sentence(&signed_in, "noon"), "Chrome on Linux signed in.");
    assert_eq!(facts(&signed_in, "noon"), "noon · 203.0.113.7");
    let unknown = Activity {
        browser: None,
        system: None,
        address: None,
        ..signed_in
    };
    assert_eq!(sentence(&unknown, "noon"), "A program signed in.");
    assert_eq!(facts(&unknown, "noon"), "noon");
}
