//! Responses as real providers send them: unused members may have any value, and used ones may be
//! written in several ways. The strict checks are tested in the other files.

use latchkey_identity::SignInError;
use serde_json::{Value, json};

use crate::flow::{NOW, sign_in, unavailable};
use crate::keys::RSA;
use crate::scripted::{self, DISCOVERY, TOKEN, USERINFO, claims};
use latchkey_testing::{ScriptedProvider, ScriptedResponse};

/// The documents that a provider sends during a sign-in.
#[derive(Clone, Copy, Debug)]
enum Part {
    Metadata,
    Tokens,
    IdToken,
    Userinfo,
}

impl Part {
    fn change(self, server: &ScriptedProvider, change: &Value) {
        let mut claims = claims(&server.issuer);
        let mut script = server.script();
        let part = match self {
            Self::Metadata => &mut script.metadata,
            Self::Tokens => &mut script.tokens,
            Self::IdToken => &mut claims,
            Self::Userinfo => &mut script.userinfo,
        };
        let members = part.as_object_mut().expect("an object");
        members.extend(change.as_object().expect("an object").clone());
        drop(script);
        if matches!(self, Self::IdToken) {
            server.set_id_token(&RSA.sign(&claims));
        }
    }
}

/// Accepted responses: a document, and the members that are changed in it.
fn responses() -> Vec<(Part, Value)> {
    [tokens(), id_tokens(), other_documents()].concat()
}

fn tokens() -> Vec<(Part, Value)> {
    vec![
        // Lifetimes in various forms, and members that some providers write as lists.
        (Part::Tokens, json!({ "expires_in": "3599" })),
        (Part::Tokens, json!({ "expires_in": 3600.0 })),
        (Part::Tokens, json!({ "expires_in": null })),
        (Part::Tokens, json!({ "expires_in": "" })),
        (Part::Tokens, json!({ "expires_in": -1 })),
        (
            Part::Tokens,
            json!({ "ext_expires_in": "3599", "expires_on": "x" }),
        ),
        (Part::Tokens, json!({ "scope": ["openid"] })),
        (Part::Tokens, json!({ "scope": null })),
        (Part::Tokens, json!({ "scope": { "openid": true } })),
        (Part::Tokens, json!({ "refresh_token": null })),
        (
            Part::Tokens,
            json!({ "refresh_token": 7, "refresh_expires_in": [] }),
        ),
        (Part::Tokens, json!({ "token_type": "BEARER" })),
        (Part::Tokens, json!({ "token_type": null })),
        (
            Part::Tokens,
            json!({ "error": null, "error_description": 7 }),
        ),
        (Part::Tokens, json!({ "error": "" })),
        (
            Part::Tokens,
            json!({ "not-before-policy": 0, "session_state": {} }),
        ),
    ]
}

fn id_tokens() -> Vec<(Part, Value)> {
    let now = NOW.as_secs();
    vec![
        // Unused claims.
        (Part::IdToken, json!({ "amr": "pwd" })),
        (Part::IdToken, json!({ "amr": [1] })),
        (Part::IdToken, json!({ "acr": 1 })),
        (Part::IdToken, json!({ "address": "{\"country\":\"UK\"}" })),
        (
            Part::IdToken,
            json!({ "zoneinfo": 1, "locale": { "language": "en" } }),
        ),
        (
            Part::IdToken,
            json!({ "picture": "", "website": 7, "profile": null }),
        ),
        (Part::IdToken, json!({ "birthdate": 1815, "gender": ["f"] })),
        (
            Part::IdToken,
            json!({ "phone_number": 491_701_234, "phone_number_verified": "no" }),
        ),
        (
            Part::IdToken,
            json!({ "updated_at": "", "nbf": "soon", "c_hash": 1, "jti": {} }),
        ),
        (
            Part::IdToken,
            json!({ "given_name": {}, "family_name#de": [] }),
        ),
        // Claims that are used if they are valid.
        (Part::IdToken, json!({ "auth_time": "1700000000" })),
        (
            Part::IdToken,
            json!({ "auth_time": "2026-11-25T00:00:00Z" }),
        ),
        (Part::IdToken, json!({ "auth_time": null })),
        (Part::IdToken, json!({ "name": {} })),
        (Part::IdToken, json!({ "email_verified": "true" })),
        (Part::IdToken, json!({ "aud": ["latchkey"] })),
        (Part::IdToken, json!({ "azp": null, "at_hash": null })),
        (
            Part::IdToken,
            json!({ "exp": 1_800_000_300.25, "iat": 1_800_000_000.75 }),
        ),
        (Part::IdToken, json!({ "iat": now + 59 })),
        (Part::IdToken, json!({ "iat": now - 59 })),
    ]
}

fn other_documents() -> Vec<(Part, Value)> {
    vec![
        (
            Part::Userinfo,
            json!({ "locale": { "country": "US", "language": "en" } }),
        ),
        (Part::Userinfo, json!({ "phone_number": 491_701_234 })),
        (Part::Userinfo, json!({ "updated_at": "1700000000" })),
        (Part::Userinfo, json!({ "updated_at": "" })),
        (Part::Userinfo, json!({ "address": "somewhere" })),
        (
            Part::Userinfo,
            json!({ "email": 7, "email_verified": "perhaps" }),
        ),
        (
            Part::Userinfo,
            json!({ "groups": { "a": [1] }, "picture": false }),
        ),
        (
            Part::Metadata,
            json!({ "op_policy_uri": "", "op_tos_uri": "" }),
        ),
        (Part::Metadata, json!({ "service_documentation": "" })),
        (Part::Metadata, json!({ "registration_endpoint": "" })),
        (
            Part::Metadata,
            json!({ "claims_parameter_supported": "true" }),
        ),
        (
            Part::Metadata,
            json!({ "response_modes_supported": "query" }),
        ),
        (Part::Metadata, json!({ "grant_types_supported": null })),
        (Part::Metadata, json!({ "userinfo_endpoint": "" })),
    ]
}

#[tokio::test]
async fn responses_of_real_providers_are_accepted() {
    let server = scripted::start().await;
    let valid = Valid::of(&server);
    for (part, change) in responses() {
        valid.restore(&server);
        part.change(&server, &change);
        let profile = sign_in(&server).await;
        let profile = profile.unwrap_or_else(|error| panic!("{part:?} {change}: {error}"));
        assert_eq!(profile.identity.subject, "subject-1");
        assert_eq!(profile.email.as_deref(), Some("ada@example.com"));
        assert!(profile.email_verified, "{part:?} {change}");
    }
}

#[tokio::test]
async fn invalid_email_is_dropped_and_invalid_email_verified_counts_as_false() {
    let server = scripted::start().await;
    for (change, email) in [
        (json!({ "email": ["ada@example.com"] }), None),
        (json!({ "email": 7 }), None),
        (json!({ "email": "" }), None),
        (json!({ "email_verified": "True" }), Some("ada@example.com")),
        (json!({ "email_verified": 1 }), Some("ada@example.com")),
        (json!({ "email_verified": {} }), Some("ada@example.com")),
        (json!({ "email_verified": null }), Some("ada@example.com")),
    ] {
        Part::IdToken.change(&server, &change);
        let profile = sign_in(&server).await.expect("signed in");
        assert_eq!(profile.email.as_deref(), email, "{change}");
        assert!(!profile.email_verified, "{change}");
    }
}

#[tokio::test]
async fn media_type_of_the_token_response_is_ignored_and_refusals_say_what_to_do() {
    let server = scripted::start().await;
    let tokens = server.script().token_response("").to_string();
    for media_type in ["text/html", "application/json;charset=UTF-8", "text/plain"] {
        let response = ScriptedResponse::bytes(200, media_type, tokens.clone());
        server.script().overrides.insert(TOKEN, response);
        sign_in(&server).await.expect(media_type);
    }
    for (status, body, expected) in [
        (200, json!({ "error": "invalid_grant" }), "invalid_grant"),
        (
            401,
            json!({ "error": "invalid_client", "error_description": [] }),
            "HTTP Basic",
        ),
        (
            403,
            json!({ "error": "unauthorized_client", "error_uri": 7 }),
            "client_auth",
        ),
        (401, json!("canary"), "client_secret"),
    ] {
        let response = ScriptedResponse::json(status, &body);
        server.script().overrides.insert(TOKEN, response);
        match sign_in(&server).await {
            Err(SignInError::Refused { reason, .. }) => {
                assert!(reason.contains(expected), "{reason}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
    let response = ScriptedResponse::json(400, &json!({ "error": 7 }));
    server.script().overrides.insert(TOKEN, response);
    unavailable(sign_in(&server).await);
}

#[tokio::test]
async fn userinfo_refusals_are_ignored_unless_the_id_token_lacks_the_email_address() {
    let server = scripted::start().await;
    for status in [400, 401, 403, 404, 405] {
        let response = ScriptedResponse::bytes(status, "text/html", "<html>");
        server.script().overrides.insert(USERINFO, response);
        let profile = sign_in(&server).await.expect("signed in");
        assert_eq!(
            profile.email.as_deref(),
            Some("ada@example.com"),
            "{status}"
        );
    }
    // Without the requested address, the operator has to change the provider's configuration.
    let mut claims = claims(&server.issuer);
    claims.as_object_mut().expect("claims").remove("email");
    server.set_id_token(&RSA.sign(&claims));
    match sign_in(&server).await {
        Err(SignInError::Refused { reason, .. }) => assert!(reason.contains("405"), "{reason}"),
        other => panic!("signed in without an address: {other:?}"),
    }
    assert_eq!(server.count(DISCOVERY), 6);
}

/// The initial documents of the provider.
struct Valid {
    metadata: Value,
    tokens: Value,
    userinfo: Value,
}

impl Valid {
    fn of(server: &ScriptedProvider) -> Self {
        let script = server.script();
        Self {
            metadata: script.metadata.clone(),
            tokens: script.tokens.clone(),
            userinfo: script.userinfo.clone(),
        }
    }

    fn restore(&self, server: &ScriptedProvider) {
        let mut script = server.script();
        script.metadata = self.metadata.clone();
        script.tokens = self.tokens.clone();
        script.userinfo = self.userinfo.clone();
    }
}
