//! Accepts or refuses access tokens, for Latchkey and for applications that embed it.
#![doc = ""]
#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod access;
mod denylist;
mod error;
mod extract;
mod freshness;
mod guard;
mod keys;
mod layer;
mod problem;
mod proof;
mod replay_cache;
pub mod step_up;
mod used_proofs;

pub use access::{AccessError, Authenticator, Verified};
pub use denylist::Denylist;
pub use error::{DPOP_NONCE, GuardError, Rejection, proof as proof_codes};
pub use extract::{Admin, AdminView, Recent, User};
pub use freshness::{ClockReading, Freshness, StaleDenylist};
pub use guard::{CurrentRoles, Guard, GuardParts, proof_header};
pub use keys::Keys;
pub use layer::{GuardLayer, Guarded};
pub use problem::{REQUEST_ID, RequestId, problem, problem_with_fields};
pub use proof::{HolderError, Proofs};
pub use replay_cache::ReplayCache;
