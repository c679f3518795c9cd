//! The key that authenticates backups. Their format is defined elsewhere.
//!
//! ```
//! use latchkey_tokens::{BackupKey, MasterKey, SystemRng};
//!
//! let key = BackupKey::new(&MasterKey::random(&SystemRng));
//! let tag = key.tag(&[b"line 1\n", b"line 2\n"]);
//! assert_ne!(tag, key.tag(&[b"line 1\n", b"altered\n"]));
//! ```

use core::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac::{self, HMAC_SHA256};

use crate::master_key::{MasterKey, Purpose};

/// Authenticates backups (HMAC-SHA256), so that a backup cannot be altered undetected without the
/// master key.
#[derive(Clone)]
pub struct BackupKey(Arc<hmac::Key>);

impl BackupKey {
    /// Derives the key from the master key. The derived key serves no other purpose.
    pub fn new(master: &MasterKey) -> Self {
        let key = master.derive(Purpose::Backups);
        Self(Arc::new(hmac::Key::new(HMAC_SHA256, key.as_slice())))
    }

    /// The tag over the concatenation of `parts`. The caller must frame the parts if their
    /// boundaries matter.
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
    fn tag_depends_on_the_content_and_the_master_key() {
        let [one, other] = [0; 2].map(|_| BackupKey::new(&MasterKey::random(&SystemRng)));
        assert_eq!(one.tag(&[b"a", b"b"]), one.tag(&[b"ab"]));
        assert_ne!(one.tag(&[b"a"]), one.tag(&[b"b"]));
        assert_ne!(one.tag(&[b"a"]), other.tag(&[b"a"]));
    }
}
