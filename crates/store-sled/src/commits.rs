//! The number of commits, stored in the database and in a file beside it.
//!
//! sled silently drops unreadable data at the end of its file. The count in the file is written
//! after the commits are durable. It is therefore higher than the count in the database only if
//! commits were lost.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use latchkey_store::table::SLED_COMMITS;

/// The name of the file, beside sled's files.
const FILE_NAME: &str = "latchkey.commits";

/// The count and its file.
#[derive(Debug)]
pub(crate) struct Commits {
    file: File,
    count: u64,
}

impl Commits {
    /// Opens the file. The inner error is the number of commits that the database has lost.
    pub(crate) fn open(directory: &Path, db: &sled::Db) -> Result<Result<Self, u64>, io::Error> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(directory.join(FILE_NAME))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let acknowledged = text.trim().parse().unwrap_or(0);
        let record = db.get(SLED_COMMITS).map_err(io::Error::other)?;
        let count = record
            .and_then(|bytes| Some(u64::from_be_bytes(bytes.as_ref().try_into().ok()?)))
            .unwrap_or(0);
        Ok(if acknowledged > count {
            Err(acknowledged - count)
        } else {
            Ok(Self { file, count })
        })
    }

    /// Counts a commit, and returns the record to write with it.
    pub(crate) fn next(&mut self) -> [u8; 8] {
        self.count += 1;
        self.count.to_be_bytes()
    }

    /// Writes the count to the file. Call it after the counted commits are durable.
    pub(crate) fn write_count(&mut self) -> io::Result<()> {
        self.file.rewind()?;
        // A single write of fixed length, so that the file is never truncated.
        self.file
            .write_all(format!("{:020}\n", self.count).as_bytes())
    }
}
