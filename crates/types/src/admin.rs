//! Requests of the admin API.

use serde::{Deserialize, Serialize};

/// The body of `POST /api/admin/users/{id}/ban`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanRequest {
    /// The reason for the ban, 1 to 500 characters.
    pub reason: String,
}
