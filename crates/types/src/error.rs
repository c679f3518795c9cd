//! Error responses: OAuth errors for the token endpoints, problem details for all others. Which
//! error a request gets is decided by the server.
//!
//! The codes are documented here, and docs/errors.md is generated from this file.

use serde::{Deserialize, Serialize};

use crate::password::FieldError;

/// Each code with its meaning, its name in JSON, the statuses it comes with, and what to do.
macro_rules! error_codes {
    ($($(#[doc = $meaning:literal])+ $code:ident = $name:literal, [$($status:literal),*], $remedy:literal;)+) => {
        /// A stable code for what went wrong, for programs to branch on. A separate field
        /// contains a message for people.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[doc = $meaning])+ $code,)+
        }

        impl ErrorCode {
            /// All codes, in the order of docs/errors.md.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// The code as written in JSON.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)+
                }
            }

            /// The HTTP statuses that responses with this code have; empty if the code is only sent as
            /// a `reason`.
            pub const fn statuses(self) -> &'static [u16] {
                match self {
                    $(Self::$code => &[$($status),*],)+
                }
            }

            /// What the code means, in Markdown.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$code => concat!($($meaning),+).trim_ascii(),)+
                }
            }

            /// What a client, or an operator, should do, in Markdown.
            pub const fn remedy(self) -> &'static str {
                match self {
                    $(Self::$code => $remedy,)+
                }
            }
        }
    };
}

error_codes! {
    /// The request is malformed.
    InvalidRequest = "invalid_request", [400, 401],
        "Correct the request as `detail` or `error_description` says.";
    /// No access token was sent.
    TokenMissing = "token_missing", [401],
        "Send `Authorization: Bearer <token>`, or `DPoP <token>` for a bound token.";
    /// The access token was not issued by this server, or was altered.
    TokenInvalid = "token_invalid", [401],
        "Send the access token exactly as the token endpoint returned it, to the server that \
         issued it.";
    /// The access token has expired.
    TokenExpired = "token_expired", [401],
        "Refresh, then repeat the request.";
    /// The access token, its session or its user is on the denylist.
    TokenRevoked = "token_revoked", [401],
        "Refresh once; if the refresh fails too, sign in again.";
    /// The access token is valid, but the user authenticated too long ago for this request (RFC
    /// 9470), or the provider does not say when.
    StepUpRequired = "step_up_required", [400, 401],
        "Sign in again with `prompt=login` and `max_age`, then repeat the request; see \
         [step-up](http-api.md#step-up). With status 400 the provider did not authenticate \
         the user again, or did not send `auth_time`.";
    /// The DPoP proof must contain the nonce in this response's `DPoP-Nonce` header (RFC 9449
    /// §8).
    UseDpopNonce = "use_dpop_nonce", [400, 401],
        "Repeat the request with a new proof that contains the nonce.";
    /// The DPoP proof failed a check (RFC 9449 §4.3).
    InvalidDpopProof = "invalid_dpop_proof", [400, 401],
        "Sign a new proof for this method, URL and token, with ES256; use each proof once.";
    /// The server requires a DPoP proof at sign-in, and the request had none.
    DpopProofRequired = "dpop_proof_required", [400],
        "Send a DPoP proof with the code. The code is still valid.";
    /// The token is bound to a key, and the request has no proof signed with that key (RFC 9449 §5).
    KeyMismatch = "key_mismatch", [400, 401],
        "Sign the proof with the key of the sign-in. If the key is lost, sign in again.";
    /// The access token is valid, but does not permit this request.
    Forbidden = "forbidden", [403],
        "Use an account with the role `admin`. Operators: list the user in `admins`, or grant the role \
         with `latchkey users set-roles`.";
    /// The path, or the session or user that it names, does not exist.
    NotFound = "not_found", [404],
        "Check the path and the id.";
    /// The denial cannot be lifted: it follows from the end of a session or from an act of the user,
    /// or it was lifted before.
    NotLiftable = "not_liftable", [409],
        "Let the user sign in again. Only an operator's denial of a single token can be lifted.";
    /// The path exists, but does not support this method.
    MethodNotAllowed = "method_not_allowed", [405],
        "Use a method listed in the `Allow` header.";
    /// The request body exceeds the limit.
    PayloadTooLarge = "payload_too_large", [413],
        "Send at most 64 KiB.";
    /// The endpoint does not accept the media type of the request body.
    UnsupportedMediaType = "unsupported_media_type", [415],
        "Set the `Content-Type` that `detail` names.";
    /// The username or the password is wrong.
    InvalidCredentials = "invalid_credentials", [401],
        "Check the username and the password. To set a new password, use a reset link.";
    /// Fields of the request are not valid; `fields` in the response lists them.
    InvalidFields = "invalid_fields", [422],
        "Correct each field as its `message` says.";
    /// The one-time link is unknown, has expired, or was used or replaced.
    LinkInvalid = "link_invalid", [400],
        "Request a new link. A link works once, and for at most an hour.";
    /// Creating an account on this server is disabled, or requires an invitation.
    SignUpClosed = "sign_up_closed", [403],
        "Use an invitation from the operator. Operators: see `[local]` in \
         [configuration.md](configuration.md#local).";
    /// Too many requests.
    TooManyRequests = "too_many_requests", [429],
        "Wait the number of seconds in `Retry-After`, then repeat the request. Operators: see \
         `[limits]` in [configuration.md](configuration.md#limits).";
    /// No provider with this id is configured.
    UnknownProvider = "unknown_provider", [400],
        "Use an id from `GET /auth/providers`.";
    /// `return_to` is not a path of this server.
    InvalidReturnTo = "invalid_return_to", [400],
        "Send a path that begins with one slash.";
    /// A sign-in cannot be started inside a frame, by a prefetch, or by a script or image of
    /// another site.
    Framed = "framed", [403],
        "Start the sign-in by navigating the top-level window.";
    /// This browser has no matching sign-in in progress: none was started here, it took longer
    /// than ten minutes, or it was already finished.
    SignInNotFound = "sign_in_not_found", [400],
        "Start the sign-in again, in the same browser.";
    /// The provider did not respond in time, or sent an invalid response.
    ProviderUnavailable = "provider_unavailable", [503],
        "Try again later. Operators: the log has the cause under the request id.";
    /// The provider refused the sign-in, or the user canceled it there.
    ProviderRefused = "provider_refused", [400],
        "Start the sign-in again. Operators: the log has the cause, such as a wrong client \
         secret, under the request id.";
    /// The provider's response failed a check.
    ProviderInvalid = "provider_invalid", [400],
        "Start the sign-in again. Operators: the log has the cause, such as a wrong issuer or \
         clock, under the request id.";
    /// In a step-up, the user signed in with a different account.
    OtherAccount = "other_account", [400],
        "Start the step-up again and choose the same account.";
    /// The account is not admitted.
    NotAdmitted = "not_admitted", [400],
        "Operators: add the account to `[admission]`; see \
         [providers.md](providers.md#what-a-provider-may-vouch-for). If `reason` is \
         `email_unverified`, verify the address at the provider.";
    /// A `reason` of `not_admitted`: the provider does not say that it verified the email
    /// address, so the address cannot match the allow-list.
    EmailUnverified = "email_unverified", [],
        "Verify the address at the provider. Operators: see `trust_email`.";
    /// The user is banned.
    Banned = "banned", [400],
        "Operators: `latchkey users unban`.";
    /// The account at the provider already belongs to another account of this server.
    IdentityInUse = "identity_in_use", [409],
        "Sign in to the other account and remove the identity there, or delete that account; then \
         add it again. Two accounts cannot be merged.";
    /// The password of the account was set with a link, so this way to sign in is suspended.
    IdentitySuspended = "identity_suspended", [400],
        "Sign in with the password, and add this way to sign in again on the account page.";
    /// This way to sign in cannot be removed: it is the only one, or it is the password and all
    /// others were added in the last seven days.
    LastIdentity = "last_identity", [409],
        "Add another way to sign in first, or wait; or delete the account.";
    /// The session was ended or has expired, or the refresh token is unknown.
    SessionEnded = "session_ended", [400],
        "Delete the stored tokens and sign in again.";
    /// A refresh token was used a second time; the session was ended.
    RefreshReplayed = "refresh_replayed", [400],
        "Sign in again. If nobody restored a copy of the tokens, treat it as theft: see the \
         activity of the account.";
    /// Another request has just rotated this refresh token.
    Superseded = "superseded", [409],
        "Read the stored tokens again; another tab has stored newer ones.";
    /// The store is unavailable.
    StoreUnavailable = "store_unavailable", [503],
        "Keep the tokens and try again later, with the same `Idempotency-Key`. Operators: see \
         `/readyz`.";
    /// The request body did not arrive in time (408), or the server took too long (503).
    Timeout = "timeout", [408, 503],
        "Send the request again. A change may or may not have been made.";
    /// Internal error.
    Internal = "internal", [500],
        "Try again later. Operators: the log has the details under the request id.";
}

/// An error of the token, refresh and revocation endpoints (RFC 6749 §5.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OAuthError {
    /// The registered code: `invalid_grant`, `invalid_request`, …
    pub error: String,
    /// What is wrong and what to do, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// Latchkey's more specific code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<ErrorCode>,
    /// The cause, for codes whose causes need different remedies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ErrorCode>,
    /// The id of the request in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// An error of any other endpoint, sent as `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Problem {
    /// The problem type; always `about:blank`, since `code` identifies the problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short summary of the kind of problem.
    pub title: String,
    /// The HTTP status code of the response.
    pub status: u16,
    /// What is wrong with this request and what to do, for people.
    pub detail: String,
    /// The stable code.
    pub code: ErrorCode,
    /// The id of the request in the server's log.
    pub request_id: String,
    /// What is wrong with single fields of the request; only with the code `invalid_fields`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::ErrorCode;

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");

    #[test]
    fn as_str_matches_the_serialized_code() {
        for code in ErrorCode::ALL {
            let wire = serde_json::to_string(code).expect("a code serializes");
            assert_eq!(wire, format!("\"{}\"", code.as_str()));
        }
    }

    /// What docs/errors.md must contain.
    fn page() -> String {
        let mut page = String::from(
            "# Errors\n\n\
             <!-- Generated from crates/types/src/error.rs: UPDATE_DOCS=1 cargo test -p latchkey-types -->\n\n\
             Every error response has a stable `code`. [http-api.md](http-api.md#errors) describes the form \
             of error responses; [operations.md](operations.md#following-a-request) says how to find a \
             request in the log, and [lists](operations.md#commands-in-scripts) the error codes of the \
             command line.\n\n\
             | Code | Status | Meaning | What to do |\n|---|---|---|---|\n",
        );
        for code in ErrorCode::ALL {
            let statuses: Vec<_> = code.statuses().iter().map(u16::to_string).collect();
            let status = match &*statuses.join(", ") {
                "" => "–".to_owned(),
                statuses => statuses.to_owned(),
            };
            let (name, meaning, remedy) = (code.as_str(), code.meaning(), code.remedy());
            writeln!(page, "| `{name}` | {status} | {meaning} | {remedy} |").expect("written");
        }
        page
    }

    #[test]
    fn the_page_about_errors_is_up_to_date() {
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(PAGE, page()).expect("the page is writable");
        }
        let written = std::fs::read_to_string(PAGE).expect("the page is readable");
        assert!(
            written == page(),
            "docs/errors.md is out of date: run UPDATE_DOCS=1 cargo test -p latchkey-types"
        );
    }
}
