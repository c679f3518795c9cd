//! How many groups of changes were acknowledged: counted in the store, and beside it.
//!
//! sled drops what it cannot read at the end of its file without a word. The count beside the
//! store is written after the changes it counts are durable, so it can lag behind but never run
//! ahead of a store that is whole.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use latchkey_store::table::SLED_COMMITS;

/// The count's file, beside sled's.
const NAME: &str = "latchkey.commits";

/// The count and its file.
#[derive(Debug)]
pub(crate) struct Commits {
    file: File,
    count: u64,
}

impl Commits {
    /// Opens the file; says how many commits the store lacks as the error.
    pub(crate) fn open(folder: &Path, db: &sled::Db) -> Result<Result<Self, u64>, io::Error> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(folder.join(NAME))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let beside = text.trim().parse().unwrap_or(0);
        let record = db.get(SLED_COMMITS).map_err(io::Error::other)?;
        let count = record
            .and_then(|bytes| Some(u64::from_be_bytes(bytes.as_ref().try_into().ok()?)))
            .unwrap_or(0);
        Ok(if beside > count {
            Err(beside - count)
        } else {
            Ok(Self { file, count })
        })
    }

    /// Counts one more, and gives the record to write with it.
    pub(crate) fn next(&mut self) -> [u8; 8] {
        self.count += 1;
        self.count.to_be_bytes()
    }

    /// Writes the count beside the store; what it counts is durable by now.
    pub(crate) fn written(&mut self) -> io::Result<()> {
        self.file.rewind()?;
        // In one write, of one length.
        self.file
            .write_all(format!("{:020}\n", self.count).as_bytes())
    }
}
