//! The server's paths that more than one crate uses.

/// `GET`: starts a sign-in; query `provider` and `return_to`.
///
/// A step-up adds `prompt=login`, `max_age` and `account`: the `sub` of the user who must
/// authenticate again. If another user signs in, the sign-in is refused with the code
/// [`OtherAccount`](crate::ErrorCode::OtherAccount). `login_hint` is passed on to the provider.
pub const LOGIN: &str = "/auth/login";
/// `POST`, a form: the OAuth 2.0 token endpoint (RFC 6749 §3.2).
pub const TOKEN: &str = "/auth/token";
/// `POST`, JSON: the refresh grant with a JSON body.
pub const REFRESH: &str = "/auth/refresh";
/// `POST`, needs an access token: ends its session.
pub const LOGOUT: &str = "/auth/logout";
/// `POST`, a form: token revocation (RFC 7009).
pub const REVOKE: &str = "/auth/revoke";
/// `GET`: the providers that the sign-in page offers.
pub const PROVIDERS: &str = "/auth/providers";
/// `POST`, JSON: signs in with a username and a password.
pub const PASSWORD: &str = "/auth/password";
/// `POST`, JSON, needs an access token: changes the password.
pub const PASSWORD_CHANGE: &str = "/auth/password/change";
/// `POST`, JSON: requests a link to set a new password.
pub const PASSWORD_RESET_REQUEST: &str = "/auth/password/reset-request";
/// `POST`, JSON: sets a new password with the token of a link.
pub const PASSWORD_RESET: &str = "/auth/password/reset";
/// `POST`, JSON: creates a local account and signs in.
pub const SIGN_UP: &str = "/auth/sign-up";
/// `GET`: authorization server metadata (RFC 8414).
pub const METADATA: &str = "/.well-known/oauth-authorization-server";
/// `GET`: the public signing keys (RFC 7517).
pub const JWKS: &str = "/.well-known/jwks.json";
/// `GET`: an example that needs no access token.
pub const API_ROOT: &str = "/api/";
/// `GET`: an example that needs a valid access token.
pub const API_PROTECTED: &str = "/api/protected";
/// `GET`: the user of the access token.
pub const API_ME: &str = "/api/me";
/// `GET`: the user's open sessions. `DELETE`: ends all but the current one.
pub const API_SESSIONS: &str = "/api/sessions";
/// `DELETE`: ends one session of the user.
pub const API_SESSION: &str = "/api/sessions/{id}";
/// `GET`: the user's security events, newest first; query `before` and `limit`.
pub const API_ACTIVITY: &str = "/api/activity";
/// `GET`: a stream of [`ServerEvent`](crate::ServerEvent)s.
pub const API_EVENTS: &str = "/api/events";
/// `GET`: the identities of the user. `POST`: completes linking a new identity.
pub const API_IDENTITIES: &str = "/api/identities";
/// `POST`: begins linking an identity to the account.
pub const API_IDENTITIES_LINK: &str = "/api/identities/link";
/// `DELETE`: removes an identity from the account.
pub const API_IDENTITY: &str = "/api/identities/{id}";
/// `DELETE`: deletes the account.
pub const API_ACCOUNT: &str = "/api/account";
/// `GET`: the user's account, identities, sessions, security events and audit records, as a
/// download.
pub const API_ACCOUNT_EXPORT: &str = "/api/account/export";
/// `GET`, role `admin`: users; query `q`, `status`, `role`, `before` and `limit`.
pub const API_ADMIN_USERS: &str = "/api/admin/users";
/// `GET`, role `admin`: one user.
pub const API_ADMIN_USER: &str = "/api/admin/users/{id}";
/// `PUT`, role `admin`: replaces the roles that were granted to a user.
pub const API_ADMIN_USER_ROLES: &str = "/api/admin/users/{id}/roles";
/// `POST`, role `admin`: bans a user. `DELETE`: lifts the ban.
pub const API_ADMIN_USER_BAN: &str = "/api/admin/users/{id}/ban";
/// `POST`, role `admin`: creates a link to set the password of a local account.
pub const API_ADMIN_USER_PASSWORD_LINK: &str = "/api/admin/users/{id}/password-link";
/// `POST`, role `admin`: creates an invitation to sign up for a local account.
pub const API_ADMIN_INVITATIONS: &str = "/api/admin/invitations";
/// `GET`, role `admin`: the live sessions of a user. `DELETE`: ends every session of the user.
pub const API_ADMIN_USER_SESSIONS: &str = "/api/admin/users/{id}/sessions";
/// `GET`, role `admin`: a backup of the running server as JSON lines.
pub const API_ADMIN_EXPORT: &str = "/api/admin/export";
/// `GET`, role `admin`: the live sessions of all users; query `before` and `limit`. `DELETE`: ends
/// every session of all users.
pub const API_ADMIN_SESSIONS: &str = "/api/admin/sessions";
/// `DELETE`, role `admin`: ends one session.
pub const API_ADMIN_SESSION: &str = "/api/admin/sessions/{id}";
/// `GET`, role `admin`: the denylist; query `before` and `limit`. `POST`: adds a denial.
pub const API_ADMIN_DENIALS: &str = "/api/admin/denials";
/// `DELETE`, role `admin`: lifts a denial.
pub const API_ADMIN_DENIAL: &str = "/api/admin/denials/{kind}/{id}";
/// `GET`, role `admin`: the signing keys. `POST`: rotates them.
pub const API_ADMIN_KEYS: &str = "/api/admin/keys";
/// `GET`, role `admin`: the audit log, newest first; query `user`, `kind`, `outcome`, `after`,
/// `until`, `before` and `limit`.
pub const API_ADMIN_AUDIT: &str = "/api/admin/audit";
/// `GET`, role `admin`: the selected audit records as JSON lines.
pub const API_ADMIN_AUDIT_EXPORT: &str = "/api/admin/audit/export";
/// `GET`, role `admin`: statistics of the whole server.
pub const API_ADMIN_OVERVIEW: &str = "/api/admin/overview";
/// `GET`: liveness: succeeds while the process runs.
pub const HEALTHZ: &str = "/healthz";
/// `GET`: readiness: succeeds if the server can handle requests, and gives the reasons otherwise.
pub const READYZ: &str = "/readyz";
/// `GET`: the OpenAPI document of the API.
pub const OPENAPI: &str = "/openapi.json";
/// The page that documents the API.
pub const DOCS: &str = "/docs";
/// The page that finishes a sign-in and shows its outcome. Each provider redirects to its own path
/// below it; see [`callback_of`].
pub const CALLBACK: &str = "/callback";
/// The page that creates a local account. The link of an invitation adds `#invitation=…`, in the
/// fragment, which browsers do not send and servers do not log.
pub const SIGN_UP_PAGE: &str = "/sign-up";
/// The page on which the user of a local account enters the password again, for a step-up.
pub const CONFIRM_PAGE: &str = "/confirm";
/// The page that sets a password. The link of a reset adds `#token=…`.
pub const RESET_PASSWORD_PAGE: &str = "/reset-password";
/// The built-in provider of `--demo`: its issuer is `{public_url}/demo`.
pub const DEMO: &str = "/demo";

/// The path of a provider's redirect URI, `{public_url}/callback/{provider}`. A response that
/// arrives at another provider's path is refused before its code is sent anywhere (RFC 9700
/// §4.4.2).
pub fn callback_of(provider: &str) -> String {
    format!("{CALLBACK}/{provider}")
}
