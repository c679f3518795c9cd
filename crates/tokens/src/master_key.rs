//! The master key. A server derives its other symmetric keys from it and seals its signing keys
//! with one of them. Where the master key is stored is decided elsewhere.
//!
//! The master key and the keys derived from it are erased from memory when they are dropped. The
//! cryptographic libraries have copies of derived keys, which this module does not control.
//!
//! ```
//! use latchkey_tokens::{MasterKey, SystemRng};
//! use secrecy::ExposeSecret;
//!
//! let key = MasterKey::random(&SystemRng);
//! let text = key.to_text();
//! let parsed = MasterKey::parse(text.expose_secret())?;
//! assert_eq!(parsed.to_text().expose_secret(), text.expose_secret());
//! assert_eq!(format!("{key:?}"), "MasterKey(…)");
//! # Ok::<(), latchkey_tokens::master_key::InvalidMasterKey>(())
//! ```

use core::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::Rng;
use secrecy::{ExposeSecret as _, SecretBox, SecretString};
use zeroize::Zeroizing;

/// A secret of 256 random bits. Its memory is erased when it is dropped.
pub struct MasterKey(SecretBox<[u8; 32]>);

/// The text is not a master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid master key; it must be 43 characters of base64url (256 bits)")]
pub struct InvalidMasterKey;

/// Sealed data could not be opened: it was sealed with another master key, or altered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealed with another master key, or altered")]
pub struct SealBroken;

/// What a derived key is used for. No key serves two purposes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Backups,
    DpopNonces,
    FlowSeal,
    RefreshTokens,
    SigningKeySeal,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Backups => b"latchkey backup hmac-sha256 v1",
            Self::DpopNonces => b"latchkey dpop nonce hmac-sha256 v1",
            Self::FlowSeal => b"latchkey sign-in flow seal aes-256-gcm v1",
            Self::RefreshTokens => b"latchkey refresh token hs256 v1",
            Self::SigningKeySeal => b"latchkey signing key seal aes-256-gcm v1",
        }
    }
}

impl MasterKey {
    /// A new random key.
    pub fn random(rng: &dyn Rng) -> Self {
        Self(SecretBox::init_with_mut(|key: &mut [u8; 32]| rng.fill(key)))
    }

    /// Parses the text form; surrounding white space is ignored.
    pub fn parse(text: &str) -> Result<Self, InvalidMasterKey> {
        let mut decoded = None;
        let key = SecretBox::init_with_mut(|key: &mut [u8; 32]| {
            decoded = URL_SAFE_NO_PAD.decode_slice(text.trim(), key).ok();
        });
        match decoded {
            Some(32) => Ok(Self(key)),
            _ => Err(InvalidMasterKey),
        }
    }

    /// The text form, for storing the key in a file.
    pub fn to_text(&self) -> SecretString {
        URL_SAFE_NO_PAD.encode(self.0.expose_secret()).into()
    }

    /// Derives the key for one purpose (HKDF-SHA256, RFC 5869).
    pub(crate) fn derive(&self, purpose: Purpose) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        Salt::new(HKDF_SHA256, b"latchkey")
            .extract(self.0.expose_secret())
            .expand(&[purpose.label()], HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut *key))
            .expect("the output is as long as the hash");
        key
    }

    /// Seals `plain` (AES-256-GCM); opening it needs the same `context`.
    pub(crate) fn seal(&self, context: &str, plain: &[u8]) -> String {
        let mut bytes = plain.to_vec();
        let nonce = self
            .sealing_key()
            .seal_in_place_append_tag(Aad::from(context.as_bytes()), &mut bytes)
            .expect("a key is far shorter than what AES-GCM can seal");
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut bytes);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// Opens data that [`MasterKey::seal`] sealed with the same `context`.
    pub(crate) fn open(
        &self,
        context: &str,
        sealed: &str,
    ) -> Result<Zeroizing<Vec<u8>>, SealBroken> {
        let mut bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| SealBroken)?;
        if bytes.len() < NONCE_LEN {
            return Err(SealBroken);
        }
        let mut sealed = Zeroizing::new(bytes.split_off(NONCE_LEN));
        let nonce = Nonce::try_assume_unique_for_key(&bytes).map_err(|_| SealBroken)?;
        let plain = self
            .sealing_key()
            .open_in_place(nonce, Aad::from(context.as_bytes()), &mut sealed)
            .map_err(|_| SealBroken)?;
        Ok(Zeroizing::new(plain.to_vec()))
    }

    fn sealing_key(&self) -> RandomizedNonceKey {
        RandomizedNonceKey::new(
            &AES_256_GCM,
            self.derive(Purpose::SigningKeySeal).as_slice(),
        )
        .expect("the key has the length that the algorithm needs")
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use secrecy::ExposeSecret as _;

    use super::{MasterKey, Purpose, SealBroken};
    use crate::SystemRng;

    #[test]
    fn text_form_round_trips_and_other_forms_are_refused() {
        let text = MasterKey::random(&SystemRng).to_text();
        let text = text.expose_secret();
        assert_eq!(
            MasterKey::parse(&format!(" {text}\n"))
                .map(|key| key.to_text().expose_secret().to_owned()),
            Ok(text.to_owned())
        );
        for other in [
            "",
            "short",
            &text[..42],
            &format!("{text}="),
            &format!("{text}{text}"),
        ] {
            assert!(MasterKey::parse(other).is_err(), "{other:?} was accepted");
        }
    }

    #[test]
    fn derived_keys_differ_by_purpose_and_master_key() {
        let (one, two) = (MasterKey::random(&SystemRng), MasterKey::random(&SystemRng));
        let purposes = [
            Purpose::Backups,
            Purpose::DpopNonces,
            Purpose::FlowSeal,
            Purpose::RefreshTokens,
            Purpose::SigningKeySeal,
        ];
        let keys: HashSet<_> = purposes.map(|purpose| *one.derive(purpose)).into();
        assert_eq!(keys.len(), purposes.len());
        assert_ne!(
            one.derive(Purpose::RefreshTokens),
            two.derive(Purpose::RefreshTokens)
        );
    }

    #[test]
    fn sealed_data_opens_only_with_the_same_key_and_context() {
        let (key, other) = (MasterKey::random(&SystemRng), MasterKey::random(&SystemRng));
        let sealed = key.seal("kid", b"secret");
        let opened = key.open("kid", &sealed).map(|plain| plain.to_vec());
        assert_eq!(opened, Ok(b"secret".to_vec()));
        assert_eq!(key.open("other", &sealed), Err(SealBroken));
        assert_eq!(other.open("kid", &sealed), Err(SealBroken));
        for broken in ["", "AAAA", "!", &sealed[..sealed.len() - 2]] {
            assert_eq!(key.open("kid", broken), Err(SealBroken), "{broken:?}");
        }
    }
}
