//! What happens, in domain terms: one file for each use case. No HTTP types here, and no use case
//! calls another; what two of them need is a service.

pub mod activity;
pub mod begin_sign_in;
pub mod health;
pub mod operator;
pub mod refresh;
pub mod revoke;
pub mod sessions;
pub mod sign_in;
