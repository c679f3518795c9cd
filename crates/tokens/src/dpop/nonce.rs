//! DPoP nonces (RFC 9449 §8), issued and verified without storing any.
//!
//! Time is divided into windows. The nonce of a window is a MAC over the window's number, with a
//! key that only servers with the same master key have. Each of them can verify it, nobody else can
//! predict the next one, and a proof that contains it was created after the window began.

use core::fmt;
use core::time::Duration;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::Timestamp;

use crate::master_key::{MasterKey, Purpose};

/// Issues and verifies nonces.
pub struct Nonces {
    key: hmac::Key,
    /// The length of a window, in seconds.
    window: u64,
}

impl Nonces {
    /// Derives the key from the master key. Each nonce is issued for one `window`, of at least one
    /// second, and accepted during the next window too.
    pub fn new(master: &MasterKey, window: Duration) -> Self {
        Self {
            key: hmac::Key::new(HMAC_SHA256, master.derive(Purpose::DpopNonces).as_slice()),
            window: window.as_secs().max(1),
        }
    }

    /// The nonce of the current window.
    pub fn issue(&self, now: Timestamp) -> String {
        let mac = hmac::sign(&self.key, &self.message(self.window_at(now)));
        URL_SAFE_NO_PAD.encode(mac.as_ref())
    }

    /// The time at which the nonce expires; `None` unless it is the nonce of the current or the
    /// previous window.
    pub fn valid_until(&self, nonce: &str, now: Timestamp) -> Option<Timestamp> {
        let mut mac = [0; 32];
        if URL_SAFE_NO_PAD.decode_slice(nonce, &mut mac) != Ok(32) {
            return None;
        }
        let current = self.window_at(now);
        // `hmac::verify` compares in constant time.
        let issued_in = [Some(current), current.checked_sub(1)]
            .into_iter()
            .flatten()
            .find(|window| hmac::verify(&self.key, &self.message(*window), &mac).is_ok())?;
        Some(Timestamp::from_secs(
            issued_in.saturating_add(2).saturating_mul(self.window),
        ))
    }

    /// The number of the window that contains `now`.
    const fn window_at(&self, now: Timestamp) -> u64 {
        now.as_secs() / self.window
    }

    /// The message of the MAC. It contains the length, so that windows of different lengths have
    /// different nonces.
    fn message(&self, window: u64) -> [u8; 16] {
        let mut message = [0; 16];
        message[..8].copy_from_slice(&window.to_be_bytes());
        message[8..].copy_from_slice(&self.window.to_be_bytes());
        message
    }
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonces(…)")
    }
}

#[cfg(test)]
mod tests;
