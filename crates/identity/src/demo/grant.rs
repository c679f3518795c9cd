//! The data behind an authorization code, between the authorization and the token endpoint.

use latchkey_core::Timestamp;

use super::accounts::DemoUser;

/// The grant behind a code.
pub(super) struct Grant {
    pub(super) user: DemoUser,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) nonce: String,
    pub(super) challenge: String,
    pub(super) at: Timestamp,
}
