use latchkey_core::{Identity, Profile, Timestamp, User, UserId};
use latchkey_store::Record;
use latchkey_tokens::{BackupKey, MasterKey};
use proptest::prelude::*;

use super::{Chain, LineError};

fn record(number: u8) -> Record {
    let profile = Profile {
        identity: Identity {
            issuer: "https://issuer.example".into(),
            subject: number.to_string(),
        },
        email: Some(format!("person-{number}@example.com")),
        email_verified: true,
        name: None,
        hosted_domain: None,
    };
    let now = Timestamp::from_secs(1_800_000_000);
    Record::User(User::create(UserId::from_bytes([number; 16]), profile, now))
}

pub(in crate::backup) fn key(of: u8) -> BackupKey {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let text = URL_SAFE_NO_PAD.encode([of; 32]);
    BackupKey::new(&MasterKey::parse(&text).expect("a key"))
}

/// A complete backup, line by line.
pub(in crate::backup) fn backup(records: u8) -> Vec<String> {
    let mut chain = Chain::authenticated(key(1));
    let mut lines = vec![chain.header()];
    lines.extend((0..records).map(|number| chain.line(record(number))));
    lines.push(chain.footer());
    lines
}

/// The number of records, or the number of the first line that is not valid.
fn read(lines: &[String]) -> Result<u64, (usize, LineError)> {
    read_with(Chain::authenticated(key(1)), lines)
}

fn read_with(mut chain: Chain, lines: &[String]) -> Result<u64, (usize, LineError)> {
    for (number, line) in (1..).zip(lines) {
        chain.read(line).map_err(|error| (number, error))?;
    }
    chain.finished().map_err(|error| (lines.len() + 1, error))
}

#[test]
fn a_written_backup_is_read_back() {
    for records in [0, 1, 20] {
        assert_eq!(read(&backup(records)), Ok(records.into()));
    }
}

#[test]
fn a_missing_or_moved_line_is_named() {
    let whole = backup(9);
    for number in 1..whole.len() {
        let mut lines = whole.clone();
        lines.remove(number - 1);
        let (found, _) = read(&lines).expect_err("a line is missing");
        assert_eq!(found, number, "without line {number}");
        let mut lines = whole.clone();
        lines.swap(number - 1, number);
        let (found, _) = read(&lines).expect_err("two lines are swapped");
        assert_eq!(found, number, "line {number} and the next");
    }
    let cut = &whole[..whole.len() - 1];
    assert_eq!(read(cut), Err((whole.len(), LineError::Truncated)));
    let mut twice = whole.clone();
    twice.push(whole[1].clone());
    assert_eq!(read(&twice), Err((twice.len(), LineError::AfterTheEnd)));
    let later = ["{\"latchkey_export\":3}".to_owned()];
    assert_eq!(read(&later), Err((1, LineError::Format(3))));
}

/// The same records in the format of earlier versions, whose checks anyone can compute.
pub(in crate::backup) fn unauthenticated(records: u8) -> Vec<String> {
    let mut chain = Chain::new(super::Checks::Hashed);
    let mut lines = vec!["{\"latchkey_export\":1}\n".to_owned()];
    lines.extend((0..records).map(|number| chain.line(record(number))));
    lines.push(chain.footer());
    lines
}

#[test]
fn a_backup_of_format_1_is_read_as_unauthenticated() {
    let mut chain = Chain::authenticated(key(1));
    for line in unauthenticated(5) {
        chain.read(&line).expect("a line");
    }
    assert_eq!(chain.finished(), Ok(5));
    assert!(!chain.is_authenticated());
    let mut chain = Chain::authenticated(key(1));
    for line in backup(5) {
        chain.read(&line).expect("a line");
    }
    assert!(chain.is_authenticated());
}

#[test]
fn security_85_another_key_is_detected_at_the_first_line() {
    let found = read_with(Chain::authenticated(key(2)), &backup(3));
    assert_eq!(found, Err((1, LineError::OtherKey)));
}

#[test]
fn security_85_a_backup_cannot_be_truncated_or_downgraded() {
    let whole = backup(5);
    // The `check` of a record is not valid as the `check` of the last line.
    let check = |line: &str| line.rsplit('"').nth(1).expect("a check").to_owned();
    for kept in 1..5 {
        let mut cut = whole[..=kept].to_vec();
        let last = check(&cut[kept]);
        cut.push(format!("{{\"records\":{kept},\"check\":\"{last}\"}}"));
        assert_eq!(read(&cut), Err((cut.len(), LineError::Damaged)));
    }
    let mut older = whole;
    older[0] = "{\"latchkey_export\":1}".to_owned();
    assert_eq!(read(&older), Err((2, LineError::Damaged)));
}

#[test]
fn an_unchecked_chain_detects_truncation() {
    let whole = backup(5);
    let read = |lines: &[String]| read_with(Chain::unchecked(), lines);
    assert_eq!(read(&whole), Ok(5));
    assert_eq!(read(&whole[..6]), Err((7, LineError::Truncated)));
}

proptest! {
    /// A changed byte is detected in its line, or has no effect on the parsed JSON.
    #[test]
    fn a_changed_byte_is_detected(line in 0usize..8, at in 0usize..400, byte in 32u8..127) {
        let whole = backup(6);
        let mut lines = whole.clone();
        let mut bytes = lines[line].clone().into_bytes();
        let at = at % (bytes.len() - 1);
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        lines[line] = String::from_utf8(bytes).expect("ASCII");
        // A header of format 1 is valid, but the first record does not match it.
        let is_older = lines[0].starts_with("{\"latchkey_export\":1");
        let expected = if is_older { 2 } else { line + 1 };
        match read(&lines) {
            Err((found, _)) => prop_assert_eq!(found, expected),
            Ok(records) => {
                // The change has no effect on the parsed JSON.
                prop_assert_eq!(records, 6);
            }
        }
    }
}
