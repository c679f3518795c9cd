//! What an authorization code stands for between the authorization and the token endpoint.

use latchkey_core::Timestamp;

use super::accounts::Person;

/// What a code stands for.
pub(super) struct Grant {
    pub(super) person: Person,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) nonce: String,
    pub(super) challenge: String,
    pub(super) at: Timestamp,
}
