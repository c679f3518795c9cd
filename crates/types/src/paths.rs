//! Every path of the server that more than one crate names.

/// `GET`: starts a sign-in; query `provider` and `return_to`.
///
/// For a step-up, `prompt=login` and `max_age` besides, and `account`: the `sub` of the account that
/// is to prove once more who it is. A sign-in that ends in another account is refused then, with the
/// code [`OtherAccount`](crate::ErrorCode::OtherAccount). `login_hint` is passed on to the provider.
pub const LOGIN: &str = "/auth/login";
/// `POST`, a form: the OAuth 2.0 token endpoint (RFC 6749 §3.2).
pub const TOKEN: &str = "/auth/token";
/// `POST`, JSON: the refresh grant for programs that prefer JSON.
pub const REFRESH: &str = "/auth/refresh";
/// `POST`, Bearer: ends the session of the presented access token.
pub const LOGOUT: &str = "/auth/logout";
/// `POST`, a form: token revocation (RFC 7009).
pub const REVOKE: &str = "/auth/revoke";
/// `GET`: what the sign-in page offers.
pub const PROVIDERS: &str = "/auth/providers";
/// `GET`: authorization server metadata (RFC 8414).
pub const METADATA: &str = "/.well-known/oauth-authorization-server";
/// `GET`: the public signing keys (RFC 7517).
pub const JWKS: &str = "/.well-known/jwks.json";
/// `GET`: answers without a token.
pub const API_ROOT: &str = "/api/";
/// `GET`: answers with a valid access token only.
pub const API_PROTECTED: &str = "/api/protected";
/// `GET`: who the access token speaks for.
pub const API_ME: &str = "/api/me";
/// `GET`: the account's live sessions. `DELETE`: ends all but this one.
pub const API_SESSIONS: &str = "/api/sessions";
/// `DELETE`: ends one session of the account.
pub const API_SESSION: &str = "/api/sessions/{id}";
/// `GET`: the account's security events, newest first; query `before` and `limit`.
pub const API_ACTIVITY: &str = "/api/activity";
/// `GET`: a stream of [`ServerEvent`](crate::ServerEvent)s.
pub const API_EVENTS: &str = "/api/events";
/// `POST`, role `admin`: bans an account. `DELETE`: lifts the ban.
pub const API_ADMIN_USER_BAN: &str = "/api/admin/users/{id}/ban";
/// `DELETE`, role `admin`: ends every session of an account.
pub const API_ADMIN_USER_SESSIONS: &str = "/api/admin/users/{id}/sessions";
/// `GET`, role `admin`: a backup of the running server, JSON lines.
pub const API_ADMIN_EXPORT: &str = "/api/admin/export";
/// `DELETE`, role `admin`: ends every session of everyone.
pub const API_ADMIN_SESSIONS: &str = "/api/admin/sessions";
/// `GET`: the process is alive.
pub const HEALTHZ: &str = "/healthz";
/// `GET`: the server can do its work; reasons otherwise.
pub const READYZ: &str = "/readyz";
/// The page that shows what became of a sign-in. Providers redirect to a path below it, one for each:
/// [`callback_of`].
pub const CALLBACK: &str = "/callback";
/// The built-in provider of `--demo`: its issuer is `{public_url}/demo`.
pub const DEMO: &str = "/demo";

/// The path of a provider's own redirect URI, `{public_url}/callback/{provider}`. An answer that
/// arrives at another provider's path is refused before its code is shown to anybody (RFC 9700
/// §4.4.2).
pub fn callback_of(provider: &str) -> String {
    format!("{CALLBACK}/{provider}")
}
