//! The lines of a backup, and the chain of message authentication codes (MACs) that protects them.
//!
//! The `check` of a line is the first 96 bits of a MAC (in format 1, of a hash) over the line and all
//! lines before it.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_store::Record;
use latchkey_tokens::BackupKey;
use serde::{Deserialize, Serialize};

/// The format that this version writes.
const FORMAT: u32 = 2;

/// The format of earlier versions, whose checks detect damage but not forgery.
const UNAUTHENTICATED: u32 = 1;

/// A line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Header {
        latchkey_export: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        check: Option<String>,
    },
    Footer {
        records: u64,
        check: String,
    },
    Record {
        #[serde(flatten)]
        record: Box<Record>,
        check: String,
    },
}

/// Why a line is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The line is malformed or out of order.
    #[error("invalid backup line ({0})")]
    Unreadable(String),
    /// The format is not supported, for example because a later version made the backup.
    #[error("unsupported format {0}; this version reads formats {UNAUTHENTICATED} and {FORMAT}")]
    Format(u32),
    /// The check of the first line does not match this master key.
    #[error(
        "the backup was made with another master key, or this line was changed; use the master key \
         of the server that made the backup"
    )]
    OtherKey,
    /// The check does not match.
    #[error("the line was changed, or a line before it is missing")]
    Damaged,
    /// The line follows the last line.
    #[error("the line follows the end of the backup")]
    AfterTheEnd,
    /// The last line is missing.
    #[error("the backup is truncated here")]
    Truncated,
}

/// How the checks of a chain are computed.
#[derive(Clone, Debug)]
enum Checks {
    /// With a key derived from the master key.
    Authenticated(BackupKey),
    /// With a hash that anyone can compute (format 1).
    Hashed,
    /// Not compared: a backup from a running server is only checked for completeness.
    Ignored,
}

/// The chain of checks while a backup is written or read.
#[derive(Clone, Debug)]
pub struct Chain {
    checks: Checks,
    link: Vec<u8>,
    records: u64,
    ended: bool,
    started: bool,
}

impl Chain {
    /// A chain authenticated with this key.
    pub fn authenticated(key: BackupKey) -> Self {
        Self::new(Checks::Authenticated(key))
    }

    /// A chain that does not compare checks: it detects only malformed lines, a missing first or
    /// last line, and a wrong number of records.
    pub fn unchecked() -> Self {
        Self::new(Checks::Ignored)
    }

    fn new(checks: Checks) -> Self {
        Self {
            checks,
            link: Vec::new(),
            records: 0,
            ended: false,
            started: false,
        }
    }

    /// Returns the first line.
    pub(super) fn header(&mut self) -> String {
        text(&Line::Header {
            latchkey_export: FORMAT,
            check: Some(self.begin()),
        })
    }

    /// Adds a record and returns its line.
    pub(super) fn line(&mut self, record: Record) -> String {
        let check = self.add(&record);
        let record = Box::new(record);
        text(&Line::Record { record, check })
    }

    /// Returns the last line.
    pub(super) fn footer(&self) -> String {
        text(&Line::Footer {
            records: self.records,
            check: self.end(),
        })
    }

    /// Reads the next line and returns its record; `None` for the first and the last line.
    ///
    /// # Errors
    ///
    /// Returns an error if the line is malformed or out of order, or its check does not match.
    pub fn read(&mut self, line: &str) -> Result<Option<Record>, LineError> {
        let unreadable = |error: serde_json::Error| LineError::Unreadable(error.to_string());
        if self.ended {
            return Err(LineError::AfterTheEnd);
        }
        let parsed: Line = serde_json::from_str(line).map_err(unreadable)?;
        match parsed {
            Line::Header {
                latchkey_export,
                check,
            } if !self.started => self.read_header(latchkey_export, check.as_deref()),
            Line::Record { record, check } if self.started => {
                let expected = self.add(&record);
                self.compare(&check, &expected)?;
                Ok(Some(*record))
            }
            Line::Footer { records, check } if self.started => {
                self.ended = true;
                if records != self.records {
                    return Err(LineError::Damaged);
                }
                self.compare(&check, &self.end())?;
                Ok(None)
            }
            _ => Err(LineError::Unreadable("out of order".to_owned())),
        }
    }

    fn read_header(
        &mut self,
        format: u32,
        check: Option<&str>,
    ) -> Result<Option<Record>, LineError> {
        match format {
            FORMAT => {
                let expected = self.begin();
                let compared = self.compare(check.unwrap_or_default(), &expected);
                compared.map_err(|_| LineError::OtherKey)?;
            }
            UNAUTHENTICATED => {
                self.started = true;
                self.checks = Checks::Hashed;
            }
            other => return Err(LineError::Format(other)),
        }
        Ok(None)
    }

    fn compare(&self, found: &str, expected: &str) -> Result<(), LineError> {
        if matches!(self.checks, Checks::Ignored) {
            return Ok(());
        }
        verify_slices_are_equal(found.as_bytes(), expected.as_bytes())
            .map_err(|_| LineError::Damaged)
    }

    /// The number of records so far.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// The number of records.
    ///
    /// # Errors
    ///
    /// Returns an error if the last line has not been read.
    pub fn finished(&self) -> Result<u64, LineError> {
        self.ended
            .then_some(self.records)
            .ok_or(LineError::Truncated)
    }

    /// Whether the lines were authenticated with a key derived from the master key.
    pub(super) fn is_authenticated(&self) -> bool {
        matches!(self.checks, Checks::Authenticated(_))
    }

    /// Whether both chains have read the same lines.
    pub(super) fn has_read_same_lines_as(&self, other: &Self) -> bool {
        (&self.link, self.records, self.ended) == (&other.link, other.records, other.ended)
    }

    fn begin(&mut self) -> String {
        self.started = true;
        self.link = self.next(b"begin", &FORMAT.to_be_bytes());
        encode(&self.link)
    }

    fn add(&mut self, record: &Record) -> String {
        self.records += 1;
        self.link = self.next(b"line", &serde_json::to_vec(record).unwrap_or_default());
        encode(&self.link)
    }

    /// The check of the last line. In an authenticated backup, it cannot be computed from earlier
    /// lines without the key.
    fn end(&self) -> String {
        match self.checks {
            Checks::Hashed => encode(&self.link),
            _ => encode(&self.next(b"end", &self.records.to_be_bytes())),
        }
    }

    /// The next link. Every link except the empty first one has the same length, so the input of
    /// the MAC is unambiguous.
    fn next(&self, step: &[u8], content: &[u8]) -> Vec<u8> {
        match &self.checks {
            Checks::Authenticated(key) => key.tag(&[step, b" ", &self.link, content]).to_vec(),
            Checks::Hashed => {
                let input = [&self.link, content].concat();
                digest(&SHA256, &input).as_ref().to_vec()
            }
            Checks::Ignored => Vec::new(),
        }
    }
}

/// The part of a link that is written to the file: 96 bits.
fn encode(link: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(link.get(..12).unwrap_or_default())
}

fn text(line: &Line) -> String {
    let mut text = serde_json::to_string(line).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
pub(super) mod tests;
