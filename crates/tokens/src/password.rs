//! Hashes of passwords: Argon2id (RFC 9106) with OWASP's parameters, as PHC strings.
//!
//! One hash takes tens of milliseconds and 19 MiB of memory. Callers run it on a thread that may
//! block, and bound how many run at once.
//!
//! ```
//! use latchkey_tokens::{PasswordHash, SystemRng};
//!
//! let hash = PasswordHash::new("correct horse", &SystemRng);
//! assert!(hash.verify("correct horse"));
//! assert!(!hash.verify("battery staple"));
//! assert!(!hash.is_outdated());
//! ```

use core::fmt;

use argon2::password_hash::SaltString;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use latchkey_core::{Rng, rng};

/// The memory that one hash uses, in KiB.
pub const MEMORY_KIB: u32 = 19 * 1024;
const ITERATIONS: u32 = 2;
const PARALLELISM: u32 = 1;

/// The hash of a password with its parameters and salt.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Hashes a password with a random salt. Slow.
    pub fn new(password: &str, rng: &dyn Rng) -> Self {
        Self::with_salt(password, &rng::bytes(rng))
    }

    /// Hashes a password with this salt, which must be random. Slow.
    #[expect(
        clippy::missing_panics_doc,
        reason = "the parameters are constants, and passwords are far shorter than 4 GiB"
    )]
    pub fn with_salt(password: &str, salt: &[u8; 16]) -> Self {
        let salt = SaltString::encode_b64(salt).expect("16 bytes are a salt");
        let hash = argon2().hash_password(password.as_bytes(), &salt);
        Self(hash.expect("a password can be hashed").to_string())
    }

    /// A stored hash.
    pub fn from_stored(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string to store.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the hash of the password. Slow, and takes the same time whatever the
    /// password is. `false` if the stored text is not a hash.
    pub fn verify(&self, password: &str) -> bool {
        let parsed = argon2::PasswordHash::new(&self.0);
        parsed.is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
    }

    /// Whether the hash was made with parameters other than those of new hashes, or cannot be parsed.
    pub fn is_outdated(&self) -> bool {
        let Ok(hash) = argon2::PasswordHash::new(&self.0) else {
            return true;
        };
        let current = argon2();
        hash.algorithm != Algorithm::Argon2id.ident()
            || hash.version != Some(Version::V0x13.into())
            || !Params::try_from(&hash).is_ok_and(|params| {
                let parameters = |it: &Params| (it.m_cost(), it.t_cost(), it.p_cost());
                parameters(&params) == parameters(current.params())
            })
    }
}

/// Hides the hash: weak passwords can be guessed from it.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, ITERATIONS, PARALLELISM, None);
    let params = params.expect("valid parameters");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRng;

    #[test]
    fn hashes_are_salted_and_have_owasps_parameters() {
        let [one, other] = [0; 2].map(|_| PasswordHash::new("secret", &SystemRng));
        assert_ne!(one, other);
        assert!(
            one.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            one.as_str()
        );
        assert!(!format!("{one:?}").contains("argon2"));
    }

    #[test]
    fn hash_with_other_parameters_still_verifies_and_is_outdated() {
        let salt = SaltString::encode_b64(&[7; 16]).expect("a salt");
        let params = Params::new(64, 1, 1, None).expect("parameters");
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let weak = weak.hash_password(b"secret", &salt).expect("hashed");
        let weak = PasswordHash::from_stored(weak.to_string());
        assert!(weak.verify("secret") && weak.is_outdated());
        assert!(!weak.verify("other"));
        let unreadable = weak.as_str().replace("m=64", "m=0");
        for broken in ["not a hash".to_owned(), unreadable] {
            let broken = PasswordHash::from_stored(broken);
            assert!(!broken.verify("secret") && broken.is_outdated());
        }
    }
}
