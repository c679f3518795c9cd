//! Use cases in domain terms, one file for each. HTTP types do not belong here. Use cases do not
//! call each other; code that two of them need is a service.

pub mod activity;
pub mod begin_sign_in;
pub mod health;
pub mod operator;
pub mod refresh;
pub mod revoke;
pub mod sessions;
pub mod sign_in;
