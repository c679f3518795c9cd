//! Operations that begin, renew and end sessions.

use latchkey_types::{
    ErrorCode, LogoutRequest, ProviderList, RefreshRequest, TokenResponse, paths,
};
use serde_json::{Value, json};

use super::super::operation::Operation;
use super::super::schemas::Schemas;

/// Why a DPoP proof is refused at a token endpoint.
pub(super) const PROOF_REFUSED: [ErrorCode; 4] = [
    ErrorCode::UseDpopNonce,
    ErrorCode::InvalidDpopProof,
    ErrorCode::DpopProofRequired,
    ErrorCode::KeyMismatch,
];
/// Why a sign-in is refused.
const SIGN_IN_REFUSED: [ErrorCode; 8] = [
    ErrorCode::SignInNotFound,
    ErrorCode::ProviderRefused,
    ErrorCode::ProviderInvalid,
    ErrorCode::OtherAccount,
    ErrorCode::NotAdmitted,
    ErrorCode::Banned,
    ErrorCode::IdentitySuspended,
    ErrorCode::StepUpRequired,
];
/// Why a refresh token is refused.
const REFRESH_REFUSED: [ErrorCode; 3] = [
    ErrorCode::SessionEnded,
    ErrorCode::RefreshReplayed,
    ErrorCode::NotAdmitted,
];

pub(super) fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    let new = |route, id, summary| Operation::new("sign-in", route, id, summary);
    vec![
        new(
            ("get", paths::PROVIDERS),
            "listProviders",
            "The providers that users can sign in with",
        )
        .ok::<ProviderList>(
            schemas,
            "The providers, in the order in which to offer them.",
        ),
        login(),
        token(schemas),
        new(
            ("post", paths::REFRESH),
            "refresh",
            "Exchange a refresh token; the same as at the token endpoint, as JSON",
        )
        .oauth()
        .limited()
        .header("Idempotency-Key", IDEMPOTENCY_KEY)
        .header("DPoP", PROOF)
        .json::<RefreshRequest>(schemas, true)
        .error(400, &REFRESH_REFUSED)
        .error(400, &PROOF_REFUSED)
        .error(409, &[ErrorCode::Superseded])
        .ok::<TokenResponse>(schemas, "New tokens."),
        new(
            ("post", paths::LOGOUT),
            "signOut",
            "End this session, or with `everywhere` all sessions of the user",
        )
        .signed_in()
        .recent()
        .json::<LogoutRequest>(schemas, false)
        .empty(204, "The session has ended; its tokens are refused."),
        new(
            ("post", paths::REVOKE),
            "revoke",
            "Revoke a token (RFC 7009)",
        )
        .oauth()
        .limited()
        .form(&json!({
            "type": "object",
            "required": ["token"],
            "properties": {
                "token": { "type": "string", "description": "An access token or a refresh token." },
            },
        }))
        .empty(200, "The token is revoked, or was not valid."),
    ]
}

const IDEMPOTENCY_KEY: &str = "1 to 255 visible ASCII characters, new for each refresh: a request \
                               that repeats it gets the same tokens.";
pub(super) const PROOF: &str = "A proof (RFC 9449) that binds the session to its key.";

fn login() -> Operation {
    let text = json!({ "type": "string" });
    Operation::new(
        "sign-in",
        ("get", paths::LOGIN),
        "signIn",
        "Start a sign-in: redirect the browser to the provider",
    )
    .limited()
    .query("provider", true, &text, "The `id` of a provider.")
    .query(
        "return_to",
        false,
        &text,
        "A path of this server, returned with the tokens.",
    )
    .query(
        "prompt",
        false,
        &json!({ "enum": ["select_account", "login"] }),
        "What the provider must ask the user to do.",
    )
    .query(
        "max_age",
        false,
        &json!({ "type": "integer", "minimum": 0 }),
        "The maximum time since the user authenticated at the provider, in seconds.",
    )
    .query(
        "account",
        false,
        &text,
        "A `sub`: the sign-in is refused if another user signs in.",
    )
    .query("login_hint", false, &text, "Passed on to the provider.")
    .error(
        400,
        &[
            ErrorCode::UnknownProvider,
            ErrorCode::InvalidReturnTo,
            ErrorCode::ProviderInvalid,
            ErrorCode::ProviderRefused,
            ErrorCode::StepUpRequired,
        ],
    )
    .error(403, &[ErrorCode::Framed])
    .error(503, &[ErrorCode::ProviderUnavailable])
    .empty(
        303,
        "To the provider. A browser is also redirected if the sign-in cannot be started: to the \
         page that says why.",
    )
}

fn token(schemas: &mut Schemas) -> Operation {
    Operation::new(
        "sign-in",
        ("post", paths::TOKEN),
        "token",
        "The token endpoint (RFC 6749 §3.2): exchange an authorization code or a refresh token",
    )
    .oauth()
    .limited()
    .header("Idempotency-Key", IDEMPOTENCY_KEY)
    .header("DPoP", PROOF)
    .form(&token_form())
    .error(401, &[ErrorCode::InvalidRequest])
    .error(400, &SIGN_IN_REFUSED)
    .error(400, &REFRESH_REFUSED)
    .error(400, &PROOF_REFUSED)
    .error(409, &[ErrorCode::Superseded])
    .error(503, &[ErrorCode::ProviderUnavailable])
    .ok::<TokenResponse>(schemas, "Tokens.")
}

fn token_form() -> Value {
    let text = |description| json!({ "type": "string", "description": description });
    json!({
        "type": "object",
        "required": ["grant_type"],
        "properties": {
            "grant_type": { "enum": ["authorization_code", "refresh_token"] },
            "code": text("As received from the provider."),
            "state": text("As received from the provider."),
            "iss": text("As received from the provider (RFC 9207)."),
            "redirect_uri": text("The URL at which the code was received, without the query."),
            "refresh_token": text("The refresh token."),
            "expires_in": text("Requests a shorter lifetime of the access token, in seconds."),
        },
    })
}
