//! Nonces (RFC 9449 §8): made and recognised without remembering any.
//!
//! Time is divided into windows. The nonce of a window is a MAC over its number, by a key that only
//! servers with the same master key have: every one of them recognises it, nobody else can make the
//! next one, and a proof with it was made after the window began.

use core::fmt;
use core::time::Duration;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::Timestamp;

use crate::master_key::{MasterKey, Purpose};

/// Makes nonces and recognises them.
pub struct Nonces {
    key: hmac::Key,
    /// The length of a window, in seconds.
    window: u64,
}

impl Nonces {
    /// With a key derived from the master key for this alone. One nonce is handed out for a
    /// `window`, of one second at least, and accepted for as long again.
    pub fn new(master: &MasterKey, window: Duration) -> Self {
        Self {
            key: hmac::Key::new(HMAC_SHA256, &master.derive(Purpose::DpopNonces)),
            window: window.as_secs().max(1),
        }
    }

    /// The nonce of the present window.
    pub fn issue(&self, now: Timestamp) -> String {
        let mac = hmac::sign(&self.key, &self.text(self.window_at(now)));
        URL_SAFE_NO_PAD.encode(mac.as_ref())
    }

    /// When this nonce ends, if it is that of the present window or of the one before.
    pub fn good_until(&self, nonce: &str, now: Timestamp) -> Option<Timestamp> {
        let mut mac = [0; 32];
        if URL_SAFE_NO_PAD.decode_slice(nonce, &mut mac) != Ok(32) {
            return None;
        }
        let present = self.window_at(now);
        // `hmac::verify` takes the same time wherever the bytes differ.
        let made_in = [Some(present), present.checked_sub(1)]
            .into_iter()
            .flatten()
            .find(|window| hmac::verify(&self.key, &self.text(*window), &mac).is_ok())?;
        Some(Timestamp::from_secs(
            made_in.saturating_add(2).saturating_mul(self.window),
        ))
    }

    /// The number of the window that this moment lies in.
    const fn window_at(&self, now: Timestamp) -> u64 {
        now.as_secs() / self.window
    }

    /// What the MAC is over. Windows of different lengths have different nonces.
    fn text(&self, window: u64) -> [u8; 16] {
        let mut text = [0; 16];
        text[..8].copy_from_slice(&window.to_be_bytes());
        text[8..].copy_from_slice(&self.window.to_be_bytes());
        text
    }
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonces(…)")
    }
}

#[cfg(test)]
mod tests;
