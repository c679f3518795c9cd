//! Requests and responses of the admin API: users, sessions, the denylist, signing keys.
//!
//! Lists are read page by page. [`next`](AdminUserList::next) is the value of the query parameter
//! `before` that requests the next page; it is absent on the last page.

use serde::{Deserialize, Serialize};

/// The response of `GET /api/admin/users`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminUserList {
    /// The users of this page: without a search, the newest accounts first. A page can be shorter
    /// than requested, or empty, although there are more.
    pub users: Vec<AdminUser>,
    /// The value of `before` for the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A user, as an administrator sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminUser {
    /// The user's id, the `sub` of access tokens.
    pub id: String,
    /// The name with which the user signs in by password, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The email address, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the provider has verified that address; present if `email` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// The display name, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The configured name of the provider of the latest sign-in, or its issuer if it is no longer
    /// configured.
    pub provider: String,
    /// How providers identify the user.
    pub identities: Vec<AdminIdentity>,
    /// The user's roles: those by configuration and the granted ones. An embedding application may
    /// add others to access tokens.
    pub roles: Vec<String>,
    /// The roles that an administrator granted.
    pub granted_roles: Vec<String>,
    /// When the user signed in for the first time, in seconds since 1970.
    pub created_at: u64,
    /// The ban in force, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ban: Option<AdminBan>,
}

/// An identity of a user at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminIdentity {
    /// The configured name of the provider, or its issuer if it is no longer configured.
    pub provider: String,
    /// The provider's issuer identifier.
    pub issuer: String,
    /// The provider's subject identifier.
    pub subject: String,
}

/// A ban in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminBan {
    /// When the user was banned, in seconds since 1970.
    pub at: u64,
    /// The reason.
    pub reason: String,
    /// When the ban ends by itself, in seconds since 1970; absent if it must be lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

/// The body of `POST /api/admin/users/{id}/ban`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanRequest {
    /// The reason for the ban, 1 to 500 characters.
    pub reason: String,
    /// When the ban ends by itself, in seconds since 1970, in the future; absent if it must be
    /// lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

/// The body of `PUT /api/admin/users/{id}/roles`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolesRequest {
    /// The roles to grant, which replace those granted before: at most 32, each of 1 to 64
    /// characters `a-z`, `0-9`, `.`, `_`, `-`, `:`.
    pub roles: Vec<String>,
}

/// The response of `GET /api/admin/sessions` and of `GET /api/admin/users/{id}/sessions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminSessionList {
    /// The live sessions of this page, newest first. A page of all sessions can be shorter than
    /// requested, or empty, although there are more.
    pub sessions: Vec<AdminSession>,
    /// The value of `before` for the next page. The sessions of one user are a single page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A live session, as an administrator sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminSession {
    /// The session's id: the `sid` of its tokens.
    pub id: String,
    /// The id of its user.
    pub user: String,
    /// The email address of its user, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The browser it was opened with, such as `Firefox 145`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
    /// The operating system it was opened on, such as `Windows`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The IP address of its sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The id of the provider that authenticated the user.
    pub provider: String,
    /// When it was opened, in seconds since 1970.
    pub opened_at: u64,
    /// When it was last refreshed, or opened if it never was; seconds since 1970.
    pub last_seen: u64,
    /// When it expires unless it is refreshed before, in seconds since 1970.
    pub expires_at: u64,
    /// Whether it is bound to a key (RFC 9449).
    pub bound: bool,
}

/// The response of `GET /api/admin/denials`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminDenialList {
    /// The denials in force, in the order of their kinds and ids. A page can be shorter than
    /// requested, or empty, although there are more.
    pub denials: Vec<AdminDenial>,
    /// The value of `before` for the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A denial in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminDenial {
    /// What `id` is.
    pub kind: AdminDenialKind,
    /// The `jti`, `sid` or `sub` of the access tokens that are refused; `*` for everyone.
    pub id: String,
    /// Why they are refused: `signed_out`, `revoked`, `replayed`, `ended_by_operator`, `banned`, or
    /// the text that an administrator gave.
    pub reason: String,
    /// Since when, in seconds since 1970.
    pub at: u64,
    /// When the last of these tokens has expired and the denial is removed, in seconds since 1970.
    pub until: u64,
    /// Who added it: an administrator's user id, `application` or `command line`; absent if it
    /// follows from a user's own action, a replay or a ban.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Whether it can be lifted: only the denial of a single token that an administrator added.
    pub liftable: bool,
}

/// What a denial applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AdminDenialKind {
    /// One access token.
    Token,
    /// All access tokens of a session.
    Session,
    /// The access tokens of a user's ended sessions.
    User,
    /// The access tokens of all ended sessions.
    Everyone,
}

/// The body of `POST /api/admin/denials`: exactly one of `token`, `session` and `user`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenyRequest {
    /// An access token of this server. It is refused until it expires; its session goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The id of a session, which ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The id of a user, whose sessions end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The reason, 1 to 500 characters.
    pub reason: String,
}

/// Omits the token.
impl core::fmt::Debug for DenyRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DenyRequest")
            .field("session", &self.session)
            .field("user", &self.user)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// The response of `GET /api/admin/keys`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminKeyList {
    /// The signing keys, newest first.
    pub keys: Vec<AdminKey>,
}

/// A signing key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminKey {
    /// The key's id.
    pub kid: String,
    /// The algorithm, `ES256` or `EdDSA`.
    pub algorithm: String,
    /// When it was created and published, in seconds since 1970.
    pub created_at: u64,
    /// Since when, or from when, it signs access tokens, in seconds since 1970.
    pub signs_from: u64,
    /// What it is used for now.
    pub state: AdminKeyState,
    /// When it is removed because the last token that it can have signed has expired, in seconds
    /// since 1970; absent if it has no successor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
}

/// What a signing key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AdminKeyState {
    /// It is published and will sign.
    Next,
    /// It signs new tokens.
    Signing,
    /// It only verifies tokens that it has signed.
    Retired,
}

/// The response of `POST /api/admin/keys`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRotated {
    /// The id of the newest key.
    pub kid: String,
}

#[cfg(test)]
mod tests {
    use super::DenyRequest;

    #[test]
    fn debug_output_omits_the_token() {
        let request = DenyRequest {
            token: Some("eyJhbGciOi".to_owned()),
            session: None,
            user: None,
            reason: "copied".to_owned(),
        };
        let text = format!("{request:?}");
        assert!(!text.contains("eyJ") && text.contains("copied"), "{text}");
    }
}
