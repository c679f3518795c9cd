//! The OpenAPI document of Latchkey's routes. The schemas are generated from the wire types; the
//! operations are listed in `openapi/operations`. A test compares both with a server's responses.

mod operation;
mod operations;
mod schemas;

use serde_json::{Map, Value, json};

use self::operation::{ACCESS_TOKEN, DPOP};
use self::schemas::Schemas;

/// What the sections of the document are about.
const TAGS: [(&str, &str); 5] = [
    ("sign-in", "Sign in, refresh, sign out, revoke."),
    (
        "local accounts",
        "Username and password; only on servers with `[local]`.",
    ),
    (
        "account",
        "The signed-in user: sessions, activity, identities, export and deletion.",
    ),
    ("administration", "Requires the role `admin`."),
    (
        "metadata",
        "What clients and services need to know about this server.",
    ),
];

/// The document (OpenAPI 3.1) of the server at this origin.
pub(crate) fn document(origin: &str) -> Value {
    let mut schemas = Schemas::default();
    let mut all = Map::new();
    for operation in operations::all(&mut schemas) {
        let (method, path) = (operation.method, operation.path);
        let path = all.entry(path).or_insert_with(|| json!({}));
        path[method] = operation.document(&mut schemas);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Latchkey",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Sign-in, refresh tokens and instant revocation.",
            "description": "Times are in seconds since 1970. An unknown value is absent from a \
                            response; in a request, it can be absent or `null`. Later versions may \
                            add members to responses, and values to `kind` and `code`. Every \
                            response has the header `X-Request-Id`.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": origin }],
        "tags": TAGS.map(|(name, description)| json!({ "name": name, "description": description })),
        "paths": all,
        "components": {
            "securitySchemes": {
                ACCESS_TOKEN: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An access token (RFC 6750).",
                },
                DPOP: {
                    "type": "http",
                    "scheme": "dpop",
                    "description": "An access token that is bound to a key, with a proof in the \
                                    header `DPoP` (RFC 9449).",
                },
            },
            "schemas": schemas.definitions(),
        },
    })
}
