//! `GET /.well-known/oauth-authorization-server` (RFC 8414).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use latchkey_tokens::dpop;
use latchkey_types::paths;
use serde_json::json;

use crate::http::middleware::headers::READABLE_BY_ALL;
use crate::services::Services;

/// Returns the authorization server metadata, which lists only what exists. There is no
/// authorization endpoint for other clients, so there are no response types or PKCE methods.
pub(crate) async fn metadata(State(state): State<Arc<Services>>) -> impl IntoResponse {
    let url = |path| state.public_url.join(path);
    let mut metadata = json!({
        "issuer": state.public_url.as_str(),
        "token_endpoint": url(paths::TOKEN),
        "revocation_endpoint": url(paths::REVOKE),
        "jwks_uri": url(paths::JWKS),
        "response_types_supported": [],
        "grant_types_supported": ["refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
    });
    if state.settings.tokens.binding.accepts_proofs() {
        metadata["dpop_signing_alg_values_supported"] = json!([dpop::ALGORITHM]);
    }
    (READABLE_BY_ALL, Json(metadata))
}
