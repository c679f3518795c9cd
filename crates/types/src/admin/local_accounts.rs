//! Local accounts in the admin API: new accounts, invitations, and links to set a password.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::users::AdminUser;

/// The body of `POST /api/admin/users`. The user sets the password with a link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewUserRequest {
    /// The username: 1 to 64 ASCII letters, digits and `.`, `_`, `-`, `+`, `@`. Case does not
    /// matter.
    pub username: String,
    /// The email address. It is not verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The roles to grant, as in `PUT /api/admin/users/{id}/roles`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}

/// The response of `POST /api/admin/users`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserCreated {
    /// The new user.
    pub user: AdminUser,
    /// The link with which the user sets the password.
    pub link: AdminLink,
}

/// The body of `POST /api/admin/invitations`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InvitationRequest {
    /// The email address of the new account; the invitation is sent there if the server sends mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// A one-time link, which was sent by mail or is to be handed over.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdminLink {
    /// The URL, which is a secret until it is used. Absent if it was sent by mail. It is not stored,
    /// so no later response contains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The email address that the link was sent to; absent if it was not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailed_to: Option<String>,
    /// When the link expires, in seconds since 1970.
    pub expires_at: u64,
}

/// Hides the URL.
impl fmt::Debug for AdminLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminLink")
            .field("mailed_to", &self.mailed_to)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::AdminLink;

    #[test]
    fn link_is_not_in_the_debug_output() {
        let link = AdminLink {
            url: Some("https://notes.example.com/reset-password#token=secret".to_owned()),
            mailed_to: None,
            expires_at: 1_800_003_600,
        };
        assert!(!format!("{link:?}").contains("secret"));
    }
}
