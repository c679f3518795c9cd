//! The lines of a backup.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_store::Record;
use latchkey_tokens::BackupKey;
use serde::{Deserialize, Serialize};

/// The format that this version writes.
const FORMAT: u32 = 2;

/// The format of earlier versions, whose checks find damage but no forgery.
const UNAUTHENTICATED: u32 = 1;

/// A line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Head {
        latchkey_export: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        check: Option<String>,
    },
    Foot {
        records: u64,
        check: String,
    },
    Record {
        #[serde(flatten)]
        record: Box<Record>,
        check: String,
    },
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// It is no line of a backup.
    #[error("it is not what a backup has there ({0})")]
    Unreadable(String),
    /// Another program's, or a later version's.
    #[error("it says format {0}; this version reads formats {UNAUTHENTICATED} and {FORMAT}")]
    Format(u32),
    /// The first line does not fit this master key.
    #[error(
        "the backup was made with another master key than this one, or this line was changed; put \
         the key of the server that was backed up in place"
    )]
    OtherKey,
    /// It, or a line before it, is not what was written.
    #[error("it was changed, or a line is missing before it")]
    Damaged,
    /// Something after the last line.
    #[error("the backup ended before it")]
    AfterTheEnd,
    /// The last line is missing.
    #[error("the backup is cut off there")]
    CutOff,
}

/// How the checks of a chain are made.
#[derive(Clone, Debug)]
enum Checks {
    /// With a key that only the owner of the master key has.
    Authenticated(BackupKey),
    /// By a hash that everybody can compute: format 1.
    Hashed,
    /// Not compared: what comes from a running server need only be complete.
    Passed,
}

/// The chain of checks, writing or reading.
#[derive(Clone, Debug)]
pub struct Chain {
    checks: Checks,
    link: Vec<u8>,
    records: u64,
    ended: bool,
    begun: bool,
}

impl Chain {
    /// Authenticated with this key.
    pub fn authenticated(key: BackupKey) -> Self {
        Self::new(Checks::Authenticated(key))
    }

    /// Looks at the order of the lines and their number only.
    pub fn unchecked() -> Self {
        Self::new(Checks::Passed)
    }

    fn new(checks: Checks) -> Self {
        Self {
            checks,
            link: Vec::new(),
            records: 0,
            ended: false,
            begun: false,
        }
    }

    /// The first line.
    pub(super) fn head(&mut self) -> String {
        text(&Line::Head {
            latchkey_export: FORMAT,
            check: Some(self.begin()),
        })
    }

    /// The line of a record.
    pub(super) fn line(&mut self, record: Record) -> String {
        let check = self.add(&record);
        let record = Box::new(record);
        text(&Line::Record { record, check })
    }

    /// The last line.
    pub(super) fn foot(&self) -> String {
        text(&Line::Foot {
            records: self.records,
            check: self.end(),
        })
    }

    /// Reads the next line; `None` for those that hold no record.
    pub fn read(&mut self, line: &str) -> Result<Option<Record>, LineError> {
        let unreadable = |error: serde_json::Error| LineError::Unreadable(error.to_string());
        if self.ended {
            return Err(LineError::AfterTheEnd);
        }
        let parsed: Line = serde_json::from_str(line).map_err(unreadable)?;
        match parsed {
            Line::Head {
                latchkey_export,
                check,
            } if !self.begun => self.read_head(latchkey_export, check.as_deref()),
            Line::Record { record, check } if self.begun => {
                let expected = self.add(&record);
                self.compare(&check, &expected)?;
                Ok(Some(*record))
            }
            Line::Foot { records, check } if self.begun => {
                self.ended = true;
                if records != self.records {
                    return Err(LineError::Damaged);
                }
                self.compare(&check, &self.end())?;
                Ok(None)
            }
            _ => Err(LineError::Unreadable("out of its place".to_owned())),
        }
    }

    fn read_head(&mut self, format: u32, check: Option<&str>) -> Result<Option<Record>, LineError> {
        match format {
            FORMAT => {
                let expected = self.begin();
                let compared = self.compare(check.unwrap_or_default(), &expected);
                compared.map_err(|_| LineError::OtherKey)?;
            }
            UNAUTHENTICATED => {
                self.begun = true;
                self.checks = Checks::Hashed;
            }
            other => return Err(LineError::Format(other)),
        }
        Ok(None)
    }

    fn compare(&self, found: &str, expected: &str) -> Result<(), LineError> {
        if matches!(self.checks, Checks::Passed) {
            return Ok(());
        }
        verify_slices_are_equal(found.as_bytes(), expected.as_bytes())
            .map_err(|_| LineError::Damaged)
    }

    /// How many records there were so far.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// How many records there are, once the last line was read.
    pub fn finished(&self) -> Result<u64, LineError> {
        self.ended.then_some(self.records).ok_or(LineError::CutOff)
    }

    /// Whether only the owner of the master key can have written what was read.
    pub(super) fn is_authenticated(&self) -> bool {
        matches!(self.checks, Checks::Authenticated(_))
    }

    /// Whether this is the same backup, read as far as the other.
    pub(super) fn is(&self, other: &Self) -> bool {
        (&self.link, self.records, self.ended) == (&other.link, other.records, other.ended)
    }

    fn begin(&mut self) -> String {
        self.begun = true;
        self.link = self.next(b"begin", &FORMAT.to_be_bytes());
        shown(&self.link)
    }

    fn add(&mut self, record: &Record) -> String {
        self.records += 1;
        self.link = self.next(b"line", &serde_json::to_vec(record).unwrap_or_default());
        shown(&self.link)
    }

    /// The check of the last line, which nobody can make from those before it.
    fn end(&self) -> String {
        match self.checks {
            Checks::Hashed => shown(&self.link),
            _ => shown(&self.next(b"end", &self.records.to_be_bytes())),
        }
    }

    /// The link after this one. A link has a fixed length, so that where it ends is certain.
    fn next(&self, step: &[u8], content: &[u8]) -> Vec<u8> {
        match &self.checks {
            Checks::Authenticated(key) => key.tag(&[step, b" ", &self.link, content]).to_vec(),
            Checks::Hashed => {
                let whole = [&self.link, content].concat();
                digest(&SHA256, &whole).as_ref().to_vec()
            }
            Checks::Passed => Vec::new(),
        }
    }
}

/// What of a link stands in the file: 96 bits.
fn shown(link: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(link.get(..12).unwrap_or_default())
}

fn text(line: &Line) -> String {
    let mut text = serde_json::to_string(line).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
pub(super) mod tests;
