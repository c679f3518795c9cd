//! The OAuth endpoints: token, revocation, metadata, keys and sign-out.

mod jwks;
mod logout;
mod metadata;
mod refresh;
mod revoke;
mod token;
