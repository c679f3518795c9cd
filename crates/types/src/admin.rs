//! Requests and responses of the admin API.

use serde::{Deserialize, Serialize};

pub mod audit;
pub mod denials;
pub mod keys;
pub mod local_accounts;
pub mod overview;
pub mod sessions;
pub mod users;

pub use audit::{AuditEvent, AuditList, AuditOutcome};
pub use denials::{AdminDenial, AdminDenialList, DenialKind, DenialRequest};
pub use keys::{AdminKey, AdminKeyList, KeyState};
pub use local_accounts::{AdminLink, InvitationRequest, NewUserRequest, UserCreated};
pub use overview::{HourCounts, Overview, StoreInfo};
pub use sessions::{AdminSession, AdminSessionList};
pub use users::{AdminBan, AdminIdentity, AdminUser, AdminUserList, RolesRequest};

/// The body of `POST /api/admin/users/{id}/ban`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BanRequest {
    /// The reason for the ban, 1 to 500 characters.
    pub reason: String,
    /// When the ban ends, in seconds since 1970; without it, the ban has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}
