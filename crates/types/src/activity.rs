//! Security events in the API, as shown to the user they concern.

use serde::{Deserialize, Serialize};

/// The response of `GET /api/activity`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ActivityList {
    /// The events, newest first.
    pub events: Vec<Activity>,
    /// The value of the query parameter `before` that requests the next, older page; absent on the
    /// last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A security event of the user or one of their sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Activity {
    /// When it happened, in seconds since 1970.
    pub at: u64,
    /// What happened.
    pub kind: ActivityKind,
    /// The session it happened to, if it concerns a single session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The browser of the request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<String>,
    /// The operating system of the request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The IP address of the request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// For [`ActivityKind::Replayed`]: the IP address from which the session was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_address: Option<String>,
}

/// The kind of a security event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ActivityKind {
    /// A session was opened.
    SignedIn,
    /// The latest refresh of a session that is still open, without an address. The browser and
    /// the operating system are those of the sign-in. Earlier refreshes are not listed.
    Refreshed,
    /// The user signed out of a session.
    SignedOut,
    /// The user ended a session from another of their sessions.
    EndedRemotely,
    /// The user ended all their sessions, or all but the current one.
    EndedAll,
    /// A refresh token was reused; the session was ended.
    Replayed,
    /// A refresh token of a bound session was sent without a DPoP proof signed with the session's
    /// key; no tokens were issued.
    #[serde(rename = "unproven")]
    ProofMissing,
    /// A token was revoked through the API (RFC 7009).
    Revoked,
    /// An operator ended one or all sessions of the user.
    EndedByOperator,
    /// An operator banned the user.
    Banned,
    /// An operator lifted the ban.
    Unbanned,
    /// The password of the account was set or changed; the other sessions were ended.
    PasswordChanged,
    /// An operator changed the user's roles.
    RolesChanged,
    /// An operator added an access token to the denylist.
    TokenDenied,
    /// An operator removed an access token from the denylist.
    DenialLifted,
    /// The least recently used session was ended because the limit of open sessions was reached.
    Displaced,
    /// A session was ended because the user is no longer admitted.
    NotAdmitted,
    /// The user added a way to sign in to the account.
    IdentityLinked,
    /// The user removed a way to sign in; the sessions that were opened with it ended.
    IdentityRemoved,
    /// The user deleted the account.
    AccountDeleted,
}

#[cfg(test)]
mod tests {
    use super::ActivityKind;

    #[test]
    fn serialized_name_of_a_missing_proof_is_unchanged() {
        let text = serde_json::to_string(&ActivityKind::ProofMissing).expect("JSON");
        assert_eq!(text, "\"unproven\"");
    }
}
