//! The token endpoints.

mod jwks;
mod logout;
mod metadata;
mod refresh;
mod revoke;
mod token;
