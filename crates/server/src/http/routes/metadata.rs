//! `GET /.well-known/oauth-authorization-server` (RFC 8414).

use axum::Json;
use axum::extract::State;
use latchkey_tokens::dpop;
use latchkey_types::paths;
use serde_json::{Value, json};

use crate::state::AppState;

/// What a client can find out by itself.
pub async fn find_metadata(State(state): State<AppState>) -> Json<Value> {
    let url = |path| state.public_url.join(path);
    let mut metadata = json!({
        "issuer": state.public_url.as_str(),
        "authorization_endpoint": url(paths::LOGIN),
        "token_endpoint": url(paths::TOKEN),
        "revocation_endpoint": url(paths::REVOKE),
        "jwks_uri": url(paths::JWKS),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
    });
    if state.config.tokens.binding.takes_proofs() {
        metadata["dpop_signing_alg_values_supported"] = json!([dpop::ALGORITHM]);
    }
    Json(metadata)
}
