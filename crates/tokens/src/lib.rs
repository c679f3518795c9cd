//! Latchkey's tokens: the master key, signing keys, issuing and verifying access and refresh
//! tokens, hashing passwords, and verifying DPoP proofs.
//!
//! Nothing here does I/O or reads a clock. Stored records are passed in and returned as types of
//! `latchkey_core`. Whether a valid token is on the *denylist* is not checked here.

#![deny(missing_docs)]

pub mod access;
pub mod backup_key;
pub mod digest;
pub mod dpop;
pub mod flow_seal;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod jws;
pub mod key_ring;
pub mod master_key;
pub mod password;
pub mod refresh;
pub mod rng;
pub mod signing_key;

pub use access::{AccessClaims, AccessTokenError, AccessTokens, Grant};
pub use backup_key::BackupKey;
pub use flow_seal::FlowSeal;
pub use key_ring::KeyRing;
pub use master_key::MasterKey;
pub use password::PasswordHash;
pub use refresh::{RefreshClaims, RefreshTokenError, RefreshTokens};
pub use rng::SystemRng;
pub use signing_key::{KeyError, SigningKey};

/// The longest token that is parsed, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// How long after its `exp` an access token is still accepted. There is no leeway, because the clocks
/// of issuer and verifier are the same or nearly the same, and a token refused early costs only a
/// refresh.
pub const EXPIRY_LEEWAY: core::time::Duration = core::time::Duration::ZERO;

/// Runs the example in the README as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
