//! What the authorization endpoint stores with a code, for the token endpoint.

use latchkey_core::Timestamp;

use super::accounts::DemoUser;

/// The sign-in that a code was issued for.
pub(super) struct Grant {
    pub(super) user: DemoUser,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) nonce: String,
    pub(super) challenge: String,
    pub(super) at: Timestamp,
}
