//! The tokens of Latchkey: master key, signing keys, claims, issuing and verifying; and the proofs
//! that whoever sends a token holds the key it is bound to.
//!
//! Nothing here does I/O or reads a clock. What a store keeps comes in and goes out as values of
//! `latchkey_core`; whether a good token is *denied* is not asked here.

pub mod access;
pub mod backup_key;
pub mod digest;
pub mod dpop;
pub mod flow_seal;
mod jws;
pub mod key_ring;
pub mod master_key;
pub mod refresh;
pub mod rng;
pub mod signing_key;

pub use access::{AccessClaims, AccessTokenError, AccessTokens, Grant};
pub use backup_key::BackupKey;
pub use flow_seal::FlowSeal;
pub use key_ring::KeyRing;
pub use master_key::MasterKey;
pub use refresh::{RefreshClaims, RefreshTokenError, RefreshTokens};
pub use rng::SystemRng;
pub use signing_key::{KeyError, SigningKey};

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// How much later than its `exp` an access token is still taken: not at all. Issuer and verifier
/// share a clock or very nearly so, and a token refused early costs a refresh, nothing more.
pub const EXPIRY_LEEWAY: core::time::Duration = core::time::Duration::ZERO;
