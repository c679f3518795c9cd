//! The use cases: what happens, in domain terms. No HTTP types here, and no use case calls
//! another; what two of them need is a service of its own.

pub mod access;
pub mod denylist;
pub mod feed;
pub mod flows;
pub mod freshness;
pub mod hub;
pub mod issue;
pub mod keys;
pub mod networks;
pub mod proof;
pub mod rate_limits;
pub mod refresh;
pub mod replay_cache;
pub mod revoke;
pub mod sign_in;
pub mod step_up;
pub mod used_proofs;
