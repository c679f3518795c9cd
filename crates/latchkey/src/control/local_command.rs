//! The commands for local accounts, as they are sent to a running server.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A command for local accounts.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocalCommand {
    /// Create an account.
    Create {
        /// The username.
        username: String,
        /// The email address.
        email: Option<String>,
        /// The display name.
        name: Option<String>,
        /// The roles to grant.
        roles: Vec<String>,
        /// The password; without one, a link to set it is created.
        password: Option<String>,
    },
    /// Create an invitation.
    Invite {
        /// The email address of the account.
        email: Option<String>,
    },
    /// Create a link to set a password.
    ResetPassword {
        /// The username.
        username: String,
    },
}

/// Hides the password.
impl fmt::Debug for LocalCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create { .. } => "Create",
            Self::Invite { .. } => "Invite",
            Self::ResetPassword { .. } => "ResetPassword",
        })
    }
}
