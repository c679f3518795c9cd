use latchkey_core::{
    AuditPosition, Denied, Identity, LinkHash, RecordClass, RecordPosition, SessionId, Timestamp,
    TokenId, UserId,
};

use super::Term;
use super::{
    AUDIT_EVENTS, AUDIT_LOG, AUDIT_LOG_OF_USER, CREDENTIALS, DELETIONS, DENIALS, EMAILS_INDEXED,
    ENDED_SESSIONS_OF_USER, EVERYONE, EXPIRIES, Email, FINISHED_FLOWS, FORMAT, HOURS, IDENTITIES,
    IMPORTING, Key, Newest, ONE_TIME_LINKS, PAST_FLOWS, RecordKey, SESSION_ORIGINS, SESSIONS,
    SESSIONS_BY_OPENED, SESSIONS_INDEXED, SESSIONS_OF_USER, SIGNING_KEYS, SLED_COMMITS,
    SLED_LEDGER, STORE_ID, SWEPT_UNTIL, Shard, TABLES, Table, USER_SEARCH, USERS, USERS_BY_CREATED,
    USERS_BY_EMAIL, USERS_INDEXED, Value, conflict_group, table_of,
};
use crate::records::Read;

/// Asserts that the key is encoded as these bytes and decoded from them.
fn assert_encoding<K: Key + PartialEq + core::fmt::Debug, V: Value>(
    table: Table<K, V>,
    key: &K,
    bytes: &str,
) {
    let encoded = table.key(key);
    assert_eq!(encoded.escape_ascii().to_string(), bytes);
    assert_eq!(table.key_of(&encoded).as_ref(), Some(key));
    assert_eq!(table_of(&encoded), Some(&table.info()), "{bytes}");
}

const ONES: &str = "1111111111111111";
const TWOS: &str = "2222222222222222";

#[test]
fn encoding_of_keys_never_changes() {
    let (user, session) = (
        UserId::from_bytes([b'1'; 16]),
        SessionId::from_bytes([b'2'; 16]),
    );
    let flow = latchkey_core::FlowId::from_bytes([b'1'; 16]);
    assert_encoding(USERS, &user, &format!("u{ONES}"));
    let identity = Identity {
        issuer: "https://a.example".into(),
        subject: "x\0y".into(),
    };
    assert_encoding(IDENTITIES, &identity, r"ihttps://a.example\x00x\x00y");
    let ada = (Email::new("Ada@Example.com"), user);
    assert_encoding(
        USERS_BY_EMAIL,
        &ada,
        &format!(r"eada@example.com\x00{ONES}"),
    );
    let name = "Ada@example.com".parse().expect("a username");
    assert_encoding(CREDENTIALS, &name, "pada@example.com");
    let link = LinkHash([b'3'; 32]);
    assert_encoding(ONE_TIME_LINKS, &link, &format!("l{}", "3".repeat(32)));
    assert_encoding(SESSIONS, &session, &format!("s{TWOS}"));
    assert_encoding(SESSION_ORIGINS, &session, &format!("o{TWOS}"));
    assert_encoding(
        SESSIONS_OF_USER,
        &(user, session),
        &format!("n{ONES}{TWOS}"),
    );
    assert_encoding(
        ENDED_SESSIONS_OF_USER,
        &(user, session),
        &format!("q{ONES}{TWOS}"),
    );
    assert_encoding(DELETIONS, &user, &format!("z{ONES}"));
    let position = AuditPosition {
        at: Timestamp::from_millis(0x0102),
        nth: 3,
    };
    let event = format!(r"a{ONES}\xff\xff\xff\xff\xff\xff\xfe\xfd\xfc");
    assert_encoding(AUDIT_EVENTS, &(user, position), &event);
    let record = RecordPosition {
        at: Timestamp::from_millis(0x0102),
        suffix: 0x0304,
    };
    let encoded = r"\xff\xff\xff\xff\xff\xff\xfe\xfd\x00\x00\x00\x00\x00\x00\x03\x04";
    for (class, letter) in RecordClass::ALL.into_iter().zip(["a", "o", "r", "x"]) {
        let key = (class, record);
        assert_encoding(AUDIT_LOG, &key, &format!("r{letter}{encoded}"));
        let entry = format!("y{ONES}{letter}{encoded}");
        assert_encoding(AUDIT_LOG_OF_USER, &(user, key), &entry);
    }
    let hour = r"h\x00\x00\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x00\x00\x00\x05";
    assert_encoding(HOURS, &(Timestamp::from_millis(0x0102), 5), hour);
    let token = Denied::Token(TokenId::from_bytes([b'1'; 16]));
    assert_encoding(DENIALS, &token, &format!("dt{ONES}"));
    assert_encoding(DENIALS, &Denied::Session(session), &format!("ds{TWOS}"));
    assert_encoding(DENIALS, &Denied::User(user), &format!("du{ONES}"));
    assert_encoding(DENIALS, &Denied::Everyone, "de");
    assert_encoding(SIGNING_KEYS, &"kid-1".to_owned(), "kkid-1");
    assert_encoding(FINISHED_FLOWS, &flow, &format!("g{ONES}"));
    assert_encoding(PAST_FLOWS, &flow, &format!("f{ONES}"));
    let expiry = (
        Timestamp::from_millis(0x0102),
        RecordKey(SESSIONS.key(&session)),
    );
    let entry = format!(r"x\x00\x00\x00\x00\x00\x00\x01\x02s{TWOS}");
    assert_encoding(EXPIRIES, &expiry, &entry);
    let created = Newest(Timestamp::from_millis(0x0102));
    let newest = r"\xff\xff\xff\xff\xff\xff\xfe\xfd";
    assert_encoding(
        USERS_BY_CREATED,
        &(created, user),
        &format!("c{newest}{ONES}"),
    );
    let term = Term(b"\0role:admin".to_vec());
    assert_encoding(
        USER_SEARCH,
        &(term, created, user),
        &format!(r"t\x00role:admin\x00{newest}{ONES}"),
    );
    assert_encoding(
        SESSIONS_BY_OPENED,
        &(created, session),
        &format!("w{newest}{TWOS}"),
    );
    assert_encoding(STORE_ID, &(), "mid");
    assert_encoding(USERS_INDEXED, &(), "musers");
    assert_encoding(SESSIONS_INDEXED, &(), "msessions");
    assert_encoding(IMPORTING, &(), "mimporting");
    assert_encoding(EVERYONE, &(), "mcutoff");
    assert_encoding(EMAILS_INDEXED, &(), "memails");
    assert_encoding(SWEPT_UNTIL, &(), "mswept");
    assert_eq!(FORMAT, b"mformat");
    assert_eq!(SLED_COMMITS, b"mcommits");
    assert_eq!(SLED_LEDGER, b"mdenials");
}

#[test]
fn tables_do_not_overlap() {
    for (number, one) in TABLES.iter().enumerate() {
        for other in &TABLES[number + 1..] {
            assert!(
                !one.holds(other.prefix) && !other.holds(one.prefix),
                "{one:?} {other:?}"
            );
            assert_ne!(one.name, other.name);
        }
    }
    for raw in [FORMAT, SLED_COMMITS, SLED_LEDGER] {
        assert_eq!(table_of(raw), None);
    }
}

#[test]
fn invalid_keys_are_not_decoded() {
    assert_eq!(SESSIONS.key_of(b"s123"), None);
    assert_eq!(SESSIONS.key_of(b"u1111111111111111"), None);
    assert_eq!(DENIALS.key_of(b"dx1111111111111111"), None);
    assert_eq!(DENIALS.key_of(b"de1"), None);
    assert_eq!(AUDIT_EVENTS.key_of(b"a1111111111111111"), None);
    assert_eq!(AUDIT_LOG.key_of(b"rb1111111122222222"), None);
    assert_eq!(AUDIT_LOG_OF_USER.key_of(b"y1111111111111111a"), None);
    assert_eq!(HOURS.key_of(b"h11111111"), None);
    assert_eq!(EXPIRIES.key_of(b"x123"), None);
    assert_eq!(USERS_BY_EMAIL.key_of(b"eada1111111111111111"), None);
    assert_eq!(STORE_ID.key_of(b"mid2"), None);
    assert_eq!(CREDENTIALS.key_of(b"pAda"), None);
    assert_eq!(ONE_TIME_LINKS.key_of(b"l123"), None);
}

#[test]
fn prefix_covers_its_keys() {
    let (user, session) = (
        UserId::from_bytes([b'1'; 16]),
        SessionId::from_bytes([b'2'; 16]),
    );
    let at = Timestamp::from_millis(7);
    let assert_covered = |read: Read, key: Vec<u8>| {
        let Read::Page(page) = read else {
            panic!("{read:?}");
        };
        assert!(page.covers(&key), "{page:?} {key:?}");
        // The prefix is longer than that of the table.
        assert!(page.prefix.len() > 1);
    };
    let event = AUDIT_EVENTS.key(&(user, AuditPosition { at, nth: 9 }));
    assert_covered(AUDIT_EVENTS.under(&user).read(), event.clone());
    assert_covered(AUDIT_EVENTS.under(&(user, at)).read(), event);
    let of_user = SESSIONS_OF_USER.key(&(user, session));
    assert_covered(SESSIONS_OF_USER.under(&user).read(), of_user);
    assert_covered(SESSIONS.under(&Shard(b'2')).read(), SESSIONS.key(&session));
    let email = Email::new("a@b");
    let entry = USERS_BY_EMAIL.key(&(email.clone(), user));
    assert_covered(USERS_BY_EMAIL.under(&email).read(), entry);
}

#[test]
fn a_users_events_a_users_sessions_and_the_signing_keys_form_conflict_groups() {
    let user = UserId::from_bytes([b'1'; 16]);
    let events = AUDIT_EVENTS
        .under(&(user, Timestamp::from_millis(7)))
        .read();
    let Read::Page(page) = events else {
        panic!("{events:?}");
    };
    let group = format!("a{ONES}");
    assert_eq!(conflict_group(&page.prefix), Some(group.as_bytes()));
    let session = SessionId::from_bytes([b'2'; 16]);
    let group = format!("n{ONES}");
    let entry = SESSIONS_OF_USER.key(&(user, session));
    assert_eq!(conflict_group(&entry), Some(group.as_bytes()));
    assert_eq!(conflict_group(b"kkid-1"), Some(&b"k"[..]));
    for alone in [USERS.key(&user), SESSIONS.key(&session), b"mid".to_vec()] {
        assert_eq!(conflict_group(&alone), None);
    }
}
