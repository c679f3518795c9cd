use core::time::Duration;

use latchkey_core::session::Lifetimes;
use latchkey_core::{Session, SessionId, Timestamp, UserId};

use super::RefreshTokens;
use crate::{MasterKey, SystemRng};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_999);

fn session() -> Session {
    let lifetimes = Lifetimes {
        access: Duration::from_mins(10),
        absolute: Duration::from_hours(720),
        idle: Duration::from_hours(336),
    };
    let ids = (SessionId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
    Session::open(ids.0, ids.1, None, NOW, lifetimes)
}

#[test]
fn the_same_session_and_generation_give_the_same_bytes_also_in_another_process() {
    let master = MasterKey::random(&SystemRng);
    let again = MasterKey::parse(&master.to_text()).expect("a key");
    let (one, two) = (
        RefreshTokens::new("https://id.example", &master),
        RefreshTokens::new("https://id.example", &again),
    );
    let mut moved = session();
    moved.rotated_at = NOW.plus(Duration::from_secs(5));
    moved.idle_end = NOW;
    assert_eq!(one.issue(&session()), two.issue(&moved));
    moved.generation = 1;
    assert_ne!(one.issue(&session()), two.issue(&moved));
}

#[test]
fn a_refresh_token_says_session_generation_and_absolute_end() {
    let tokens = RefreshTokens::new("https://id.example", &MasterKey::random(&SystemRng));
    let session = session();
    let token = tokens.issue(&session);
    let claims = tokens.recognise(&token).expect("a good token");
    assert_eq!(
        (claims.sid, claims.sub, claims.generation),
        (session.id, session.user, 0)
    );
    let end = Timestamp::from_secs(claims.exp);
    assert_eq!(end, session.absolute_end, "not what the session is held to");
}

#[test]
fn another_key_issuer_or_text_is_refused() {
    let master = MasterKey::random(&SystemRng);
    let tokens = RefreshTokens::new("https://id.example", &master);
    let token = tokens.issue(&session());
    let other_key = RefreshTokens::new("https://id.example", &MasterKey::random(&SystemRng));
    let other_issuer = RefreshTokens::new("https://other.example", &master);
    assert!(other_key.recognise(&token).is_err());
    assert!(other_issuer.recognise(&token).is_err());
    for text in [
        "",
        "a.b.c",
        &token[1..],
        &format!("{token}="),
        &token.replace('.', ".."),
    ] {
        assert!(tokens.recognise(text).is_err(), "{text:?} was taken");
    }
}
