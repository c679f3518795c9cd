//! The key that backups are authenticated with.

use core::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac::{self, HMAC_SHA256};

use crate::master_key::{MasterKey, Purpose};

/// Authenticates backups (HMAC-SHA256): whoever lacks the master key cannot change one unnoticed.
#[derive(Clone)]
pub struct BackupKey(Arc<hmac::Key>);

impl BackupKey {
    /// Derived from the master key for this alone.
    pub fn new(master: &MasterKey) -> Self {
        let key = master.derive(Purpose::Backups);
        Self(Arc::new(hmac::Key::new(HMAC_SHA256, &key)))
    }

    /// The tag over these parts. They are not told apart: the caller frames them.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }
}

impl fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackupKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SystemRng;

    #[test]
    fn another_master_key_gives_another_tag() {
        let [one, other] = [0; 2].map(|_| BackupKey::new(&MasterKey::random(&SystemRng)));
        assert_eq!(one.tag(&[b"a", b"b"]), one.tag(&[b"ab"]));
        assert_ne!(one.tag(&[b"a"]), one.tag(&[b"b"]));
        assert_ne!(one.tag(&[b"a"]), other.tag(&[b"a"]));
    }
}
