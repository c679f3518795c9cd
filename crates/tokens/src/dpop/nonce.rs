//! Nonces (RFC 9449 §8): made and recognised without remembering any.
//!
//! Time is divided into windows of five minutes. The nonce of a window is a MAC over its number, by
//! a key that only servers with the same master key have: every one of them recognises it, nobody
//! can make the next one, and a proof with it was made after the window began.

use core::fmt;
use core::time::Duration;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::Timestamp;

use crate::master_key::{MasterKey, Purpose};

/// For how long one nonce is handed out; it is taken for as long again.
pub const WINDOW: Duration = Duration::from_mins(5);

/// Makes nonces and recognises them.
pub struct Nonces(hmac::Key);

impl Nonces {
    /// With a key derived from the master key for this alone.
    pub fn new(master: &MasterKey) -> Self {
        Self(hmac::Key::new(
            HMAC_SHA256,
            &master.derive(Purpose::DpopNonces),
        ))
    }

    /// The nonce of the present window.
    pub fn issue(&self, now: Timestamp) -> String {
        let mac = hmac::sign(&self.0, &window(now).to_be_bytes());
        URL_SAFE_NO_PAD.encode(mac.as_ref())
    }

    /// When this nonce ends, if it is that of the present window or of the one before.
    pub fn good_until(&self, nonce: &str, now: Timestamp) -> Option<Timestamp> {
        let mut mac = [0; 32];
        if URL_SAFE_NO_PAD.decode_slice(nonce, &mut mac) != Ok(32) {
            return None;
        }
        let present = window(now);
        // `hmac::verify` takes the same time wherever the bytes differ.
        let made_in = [Some(present), present.checked_sub(1)]
            .into_iter()
            .flatten()
            .find(|window| hmac::verify(&self.0, &window.to_be_bytes(), &mac).is_ok())?;
        Some(Timestamp::from_secs(
            made_in.saturating_add(2).saturating_mul(WINDOW.as_secs()),
        ))
    }
}

/// The number of the window that this moment lies in.
fn window(now: Timestamp) -> u64 {
    now.as_secs() / WINDOW.as_secs()
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonces(…)")
    }
}

#[cfg(test)]
mod tests;
