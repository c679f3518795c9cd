use latchkey_core::{Identity, Timestamp, User, UserId};
use latchkey_store::Record;
use proptest::prelude::*;

use super::{Chain, LineError};

fn record(number: u8) -> Record {
    Record::User(User {
        id: UserId::from_bytes([number; 16]),
        identity: Identity {
            issuer: "https://issuer.example".into(),
            subject: number.to_string(),
        },
        email: Some(format!("person-{number}@example.com")),
        email_verified: true,
        name: None,
        hosted_domain: None,
        created_at: Timestamp::from_secs(1_800_000_000),
        ban: None,
    })
}

/// A whole one, line by line.
pub(in crate::backup) fn backup(records: u8) -> Vec<String> {
    let mut chain = Chain::default();
    let mut lines = vec![Chain::head()];
    lines.extend((0..records).map(|number| chain.line(record(number))));
    lines.push(chain.foot());
    lines
}

/// How many records were read, or the line where it went wrong.
fn read(lines: &[String]) -> Result<u64, (usize, LineError)> {
    let mut chain = Chain::default();
    for (number, line) in (1..).zip(lines) {
        chain.read(line).map_err(|error| (number, error))?;
    }
    chain.finished().map_err(|error| (lines.len() + 1, error))
}

#[test]
fn reads_what_it_wrote() {
    for records in [0, 1, 20] {
        assert_eq!(read(&backup(records)), Ok(records.into()));
    }
}

#[test]
fn names_the_line_where_something_is_missing_or_moved() {
    let whole = backup(9);
    for number in 1..whole.len() {
        let mut lines = whole.clone();
        lines.remove(number - 1);
        let (found, _) = read(&lines).expect_err("a line is missing");
        assert_eq!(found, number, "without line {number}");
        let mut lines = whole.clone();
        lines.swap(number - 1, number);
        let (found, _) = read(&lines).expect_err("two lines changed places");
        assert_eq!(found, number, "line {number} and the next");
    }
    let cut = &whole[..whole.len() - 1];
    assert_eq!(read(cut), Err((whole.len(), LineError::CutOff)));
    let mut twice = whole.clone();
    twice.push(whole[1].clone());
    assert_eq!(read(&twice), Err((twice.len(), LineError::AfterTheEnd)));
    let later = ["{\"latchkey_export\":2}".to_owned()];
    assert_eq!(read(&later), Err((1, LineError::Format(2))));
}

proptest! {
    /// One changed byte anywhere is found in its line, or changes nothing.
    #[test]
    fn names_the_line_of_any_changed_byte(line in 0usize..8, at in 0usize..400, byte in 32u8..127) {
        let whole = backup(6);
        let mut lines = whole.clone();
        let mut bytes = lines[line].clone().into_bytes();
        let at = at % (bytes.len() - 1);
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        lines[line] = String::from_utf8(bytes).expect("ASCII");
        match read(&lines) {
            Err((found, _)) => prop_assert_eq!(found, line + 1),
            Ok(records) => {
                // Nothing but what JSON does not tell apart.
                prop_assert_eq!(records, 6);
            }
        }
    }
}
