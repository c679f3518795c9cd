//! Reading records from sled's tree.

use async_trait::async_trait;
use latchkey_store::StoreError;
use latchkey_store::records::{Found, Read, Reader};

use crate::error::stopped;

/// The records of a database. Several reads are not a consistent snapshot.
pub(crate) struct Records<'a>(pub(crate) &'a sled::Db);

impl Records<'_> {
    fn read(&self, read: &Read) -> Result<Found, StoreError> {
        Ok(match read {
            Read::Value(key) => {
                let value = self.0.get(key).map_err(stopped)?;
                Found::Value(value.map(|value| value.to_vec()))
            }
            Read::Page(page) => {
                let pairs = self.0.range::<&[u8], _>(page.bounds());
                Found::Page(page.take_from(pairs).map_err(stopped)?)
            }
        })
    }
}

#[async_trait]
impl Reader for Records<'_> {
    async fn fetch(&self, reads: &[Read]) -> Result<Vec<Found>, StoreError> {
        reads.iter().map(|it| self.read(it)).collect()
    }
}
