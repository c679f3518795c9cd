//! The lines of a backup.

use aws_lc_rs::digest::{SHA256, digest};
use latchkey_store::Record;
use serde::{Deserialize, Serialize};

/// The format that this version writes and reads.
const FORMAT: u32 = 1;

/// A line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Head {
        latchkey_export: u32,
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
    #[error("it says format {0}; this version reads format {FORMAT}")]
    Format(u32),
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

/// The chain of checks, writing or reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    link: Vec<u8>,
    records: u64,
    ended: bool,
    begun: bool,
}

impl Chain {
    /// The first line.
    pub(super) fn head() -> String {
        text(&Line::Head {
            latchkey_export: FORMAT,
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
        let check = self.last();
        text(&Line::Foot {
            records: self.records,
            check,
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
            Line::Head { latchkey_export } if !self.begun => {
                self.begun = true;
                match latchkey_export {
                    FORMAT => Ok(None),
                    other => Err(LineError::Format(other)),
                }
            }
            Line::Record { record, check } if self.begun => {
                if self.add(&record) == check {
                    Ok(Some(*record))
                } else {
                    Err(LineError::Damaged)
                }
            }
            Line::Foot { records, check } if self.begun => {
                self.ended = true;
                if records == self.records && check == self.last() {
                    Ok(None)
                } else {
                    Err(LineError::Damaged)
                }
            }
            _ => Err(LineError::Unreadable("out of its place".to_owned())),
        }
    }

    /// How many records there were so far.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// How many records there are, once the last line was read.
    pub fn finished(&self) -> Result<u64, LineError> {
        self.ended.then_some(self.records).ok_or(LineError::CutOff)
    }

    fn add(&mut self, record: &Record) -> String {
        self.records += 1;
        self.link
            .extend(serde_json::to_vec(record).unwrap_or_default());
        self.link = digest(&SHA256, &self.link).as_ref().to_vec();
        self.last()
    }

    fn last(&self) -> String {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;

        URL_SAFE_NO_PAD.encode(self.link.get(..12).unwrap_or_default())
    }
}

fn text(line: &Line) -> String {
    let mut text = serde_json::to_string(line).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
pub(super) mod tests;
