//! Answers as providers in the field give them: what is not needed may be anything, and what is
//! needed may be written in the ways that are seen. Nothing here makes a check less strict; those
//! are in the other files.

use latchkey_identity::SignInError;
use serde_json::{Value, json};

use crate::flow::{NOW, sign_in, unavailable};
use crate::keys::RSA;
use crate::scripted::{self, DISCOVERY, TOKEN, USERINFO, claims};
use latchkey_testing::{Answer, ScriptedProvider};

/// The parts of a provider's answer to a sign-in.
#[derive(Clone, Copy, Debug)]
enum Part {
    Metadata,
    Tokens,
    IdToken,
    Userinfo,
}

impl Part {
    fn change(self, hostile: &ScriptedProvider, change: &Value) {
        let mut claims = claims(&hostile.issuer);
        let mut script = hostile.script();
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
            hostile.hand_out(&RSA.sign(&claims));
        }
    }
}

/// Answers that are taken: a part, and what is changed in it.
fn answers() -> Vec<(Part, Value)> {
    [tokens(), id_tokens(), other_answers()].concat()
}

fn tokens() -> Vec<(Part, Value)> {
    vec![
        // The ways a life is written, and members that are lists elsewhere.
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
        // Claims that nobody here reads.
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
        // Claims that are read where they can be.
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

fn other_answers() -> Vec<(Part, Value)> {
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
async fn answers_as_the_field_gives_them_are_taken() {
    let hostile = scripted::start().await;
    let good = Good::of(&hostile);
    for (part, change) in answers() {
        good.restore(&hostile);
        part.change(&hostile, &change);
        let profile = sign_in(&hostile).await;
        let profile = profile.unwrap_or_else(|error| panic!("{part:?} {change}: {error}"));
        assert_eq!(profile.identity.subject, "subject-1");
        assert_eq!(profile.email.as_deref(), Some("ada@example.com"));
        assert!(profile.email_verified, "{part:?} {change}");
    }
}

#[tokio::test]
async fn an_address_that_is_not_understood_is_not_given_and_not_verified() {
    let hostile = scripted::start().await;
    for (change, email) in [
        (json!({ "email": ["ada@example.com"] }), None),
        (json!({ "email": 7 }), None),
        (json!({ "email": "" }), None),
        (json!({ "email_verified": "True" }), Some("ada@example.com")),
        (json!({ "email_verified": 1 }), Some("ada@example.com")),
        (json!({ "email_verified": {} }), Some("ada@example.com")),
        (json!({ "email_verified": null }), Some("ada@example.com")),
    ] {
        Part::IdToken.change(&hostile, &change);
        let profile = sign_in(&hostile).await.expect("signed in");
        assert_eq!(profile.email.as_deref(), email, "{change}");
        assert!(!profile.email_verified, "{change}");
    }
}

#[tokio::test]
async fn tokens_need_no_media_type_and_an_error_is_one_whatever_its_status() {
    let hostile = scripted::start().await;
    let tokens = hostile.script().token_response("").to_string();
    for media_type in ["text/html", "application/json;charset=UTF-8", "text/plain"] {
        let plain = Answer::bytes(200, media_type, tokens.clone());
        hostile.script().instead.insert(TOKEN, plain);
        sign_in(&hostile).await.expect(media_type);
    }
    for (status, body, named) in [
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
        let plain = Answer::json(status, &body);
        hostile.script().instead.insert(TOKEN, plain);
        match sign_in(&hostile).await {
            Err(SignInError::Refused { reason, .. }) => assert!(reason.contains(named), "{reason}"),
            other => panic!("{body}: {other:?}"),
        }
    }
    let plain = Answer::json(400, &json!({ "error": 7 }));
    hostile.script().instead.insert(TOKEN, plain);
    unavailable(sign_in(&hostile).await);
}

#[tokio::test]
async fn userinfo_that_refuses_the_token_is_done_without() {
    let hostile = scripted::start().await;
    for status in [400, 401, 403, 404, 405] {
        let plain = Answer::bytes(status, "text/html", "<html>");
        hostile.script().instead.insert(USERINFO, plain);
        let profile = sign_in(&hostile).await.expect("signed in");
        assert_eq!(
            profile.email.as_deref(),
            Some("ada@example.com"),
            "{status}"
        );
    }
    // Without the address that was asked for, somebody has to do something about it.
    let mut claims = claims(&hostile.issuer);
    claims.as_object_mut().expect("claims").remove("email");
    hostile.hand_out(&RSA.sign(&claims));
    match sign_in(&hostile).await {
        Err(SignInError::Refused { reason, .. }) => assert!(reason.contains("405"), "{reason}"),
        other => panic!("signed in without an address: {other:?}"),
    }
    assert_eq!(hostile.count(DISCOVERY), 6);
}

/// The script as it was.
struct Good {
    metadata: Value,
    tokens: Value,
    userinfo: Value,
}

impl Good {
    fn of(hostile: &ScriptedProvider) -> Self {
        let script = hostile.script();
        Self {
            metadata: script.metadata.clone(),
            tokens: script.tokens.clone(),
            userinfo: script.userinfo.clone(),
        }
    }

    fn restore(&self, hostile: &ScriptedProvider) {
        let mut script = hostile.script();
        script.metadata = self.metadata.clone();
        script.tokens = self.tokens.clone();
        script.userinfo = self.userinfo.clone();
    }
}
