//! The denylist in the admin API.

use serde::{Deserialize, Serialize};

/// The response of `GET /api/admin/denials`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdminDenialList {
    /// The denials of this page, in the order of their kinds and ids. A page can be shorter than
    /// requested, or empty, although more denials follow.
    pub denials: Vec<AdminDenial>,
    /// The value of the query parameter `before` that requests the next page; absent on the last
    /// page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An entry of the denylist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdminDenial {
    /// What is denied.
    pub kind: DenialKind,
    /// The id of the token, session or user; empty for [`DenialKind::Everyone`].
    pub id: String,
    /// Why it was denied: the text that an operator gave, or `signed_out`, `revoked`, `replayed`,
    /// `ended_by_operator`, `banned`.
    pub reason: String,
    /// When it was denied, in seconds since 1970.
    pub at: u64,
    /// When the entry can be dropped, in seconds since 1970: every token it concerns has expired by
    /// then.
    pub until: u64,
    /// Who added it: an administrator's user id, `application` or `command line`; absent if it
    /// follows from something else, such as a sign-out, a replay or a ban.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Whether it can be lifted: only an operator's denial of a single token.
    #[serde(default)]
    pub liftable: bool,
}

/// What a denial concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DenialKind {
    /// One access token.
    Token,
    /// All access tokens of a session.
    Session,
    /// A user's access tokens from sessions that have ended.
    User,
    /// All users' access tokens from sessions that have ended.
    Everyone,
}

/// The body of `POST /api/admin/denials`: one of `token`, `session` and `user`, and the reason.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DenialRequest {
    /// An access token of this server, as it was issued. It is refused until it expires; its
    /// session stays open.
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
impl core::fmt::Debug for DenialRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DenialRequest")
            .field("session", &self.session)
            .field("user", &self.user)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::DenialRequest;

    #[test]
    fn debug_output_omits_the_token() {
        let request = DenialRequest {
            token: Some("eyJhbGciOi".to_owned()),
            reason: "copied".to_owned(),
            ..DenialRequest::default()
        };
        let text = format!("{request:?}");
        assert!(!text.contains("eyJ") && text.contains("copied"), "{text}");
    }
}
