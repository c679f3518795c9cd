//! `[store]`

use serde::Deserialize;

/// Where records are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// `kind = "sled"`: embedded, in `data_dir`.
    Sled,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoreSection {
    kind: Option<String>,
}

impl StoreSection {
    pub(super) fn check(&self) -> Result<StoreKind, String> {
        match self.kind.as_deref() {
            None | Some("sled") => Ok(StoreKind::Sled),
            Some(other) => Err(format!("store.kind: {other:?} is none of: \"sled\"")),
        }
    }
}
