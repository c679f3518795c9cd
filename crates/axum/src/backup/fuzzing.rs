//! The parser of backups as a function of arbitrary bytes, for fuzzing (`fuzz/`) and for the test that
//! replays the corpus. Not part of the product: compiled only for these two.

use std::sync::LazyLock;

use latchkey_store::Record;
use latchkey_tokens::{BackupKey, MasterKey, SystemRng};

use super::lines::{Chain, LineError};
use super::verify;

static KEY: LazyLock<BackupKey> = LazyLock::new(|| BackupKey::new(&MasterKey::random(&SystemRng)));

/// Reads a backup without comparing the checks of its lines, and returns whether it is well-formed
/// and complete. If it is, asserts that a backup written from its records reads back as authentic
/// with the same records. Also asserts that the input itself is never authentic.
pub fn backup_lines(input: &[u8]) -> bool {
    if let Ok(verified) = verify(input, KEY.clone()) {
        assert!(!verified.is_authenticated(), "a backup was forged");
    }
    let Ok(text) = str::from_utf8(input) else {
        return false;
    };
    let Ok(records) = read(Chain::unchecked(), text) else {
        return false;
    };
    let mut chain = Chain::authenticated(KEY.clone());
    let mut written = chain.header();
    for record in &records {
        written.push_str(&chain.line(record.clone()));
    }
    written.push_str(&chain.footer());
    let again = read(Chain::authenticated(KEY.clone()), &written);
    assert_eq!(again.as_ref(), Ok(&records), "{written}");
    true
}

fn read(mut chain: Chain, text: &str) -> Result<Vec<Record>, LineError> {
    let mut records = Vec::new();
    for line in text.lines() {
        records.extend(chain.read(line)?);
    }
    chain.finished()?;
    Ok(records)
}

#[cfg(test)]
mod tests {
    #[test]
    fn corpus_of_backup_lines_is_accepted_or_refused_as_its_file_names_say() {
        crate::replay::replay("backup_lines", super::backup_lines);
    }
}
