//! Operations that describe the server.

use latchkey_types::paths;
use serde_json::json;

use super::super::operation::Operation;
use super::super::schemas::Schemas;

pub(super) fn operations(_: &mut Schemas) -> Vec<Operation> {
    let new = |route, id, summary| Operation::new("metadata", route, id, summary);
    vec![
        new(
            ("get", paths::METADATA),
            "getMetadata",
            "Authorization server metadata (RFC 8414)",
        )
        .responds(
            200,
            "The metadata.",
            "application/json",
            &json!({
                "type": "object",
                "required": ["issuer", "token_endpoint", "revocation_endpoint", "jwks_uri"],
                "properties": {
                    "issuer": { "type": "string" },
                    "token_endpoint": { "type": "string" },
                    "revocation_endpoint": { "type": "string" },
                    "jwks_uri": { "type": "string" },
                    "response_types_supported": strings(),
                    "grant_types_supported": strings(),
                    "token_endpoint_auth_methods_supported": strings(),
                    "revocation_endpoint_auth_methods_supported": strings(),
                    "dpop_signing_alg_values_supported": strings(),
                },
            }),
        ),
        new(
            ("get", paths::JWKS),
            "getKeys",
            "The public signing keys (RFC 7517)",
        )
        .responds(
            200,
            "The keys that verify access tokens.",
            "application/json",
            &json!({
                "type": "object",
                "required": ["keys"],
                "properties": { "keys": { "type": "array", "items": {
                    "type": "object",
                    "required": ["kty", "kid", "alg", "use", "crv", "x"],
                    "properties": {
                        "kty": { "enum": ["EC", "OKP"] },
                        "kid": { "type": "string" },
                        "alg": { "enum": ["ES256", "EdDSA"] },
                        "use": { "const": "sig" },
                        "crv": { "enum": ["P-256", "Ed25519"] },
                        "x": { "type": "string" },
                        "y": { "type": "string" },
                    },
                } } },
            }),
        ),
    ]
}

fn strings() -> serde_json::Value {
    json!({ "type": "array", "items": { "type": "string" } })
}
