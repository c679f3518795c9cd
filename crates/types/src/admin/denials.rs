//! The denylist in the admin API.

use serde::{Deserialize, Serialize};

/// The response of `GET /api/admin/denials`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminDenialList {
    /// The denials of this page.
    pub denials: Vec<AdminDenial>,
    /// The value of the query parameter `before` that requests the next page; absent on the last
    /// page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An entry of the denylist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminDenial {
    /// What is denied.
    pub kind: DenialKind,
    /// The id of the token, session or user; empty for [`DenialKind::Everyone`].
    pub id: String,
    /// Why it was denied.
    pub reason: String,
    /// When it was denied, in seconds since 1970.
    pub at: u64,
    /// Until when it is denied, in seconds since 1970: the expiry of the last token it concerns.
    pub until: u64,
    /// The id of the user who denied it, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What a denial concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenialKind {
    /// One access token.
    Token,
    /// All access tokens of a session.
    Session,
    /// All access tokens of a user that were issued before the denial.
    User,
    /// All access tokens that were issued before the denial.
    Everyone,
}

/// The body of `POST /api/admin/denials`: one of `token`, `session` and `user`, and the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenialRequest {
    /// The id (`jti`) of an access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The id of a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The id of a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The reason, 1 to 500 characters.
    pub reason: String,
}
