//! Exchanging the code for tokens.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use latchkey_core::Profile;
use latchkey_identity::{
    AuthorizationResponse, ClientAuth, ProviderConfig, SignInError, ValidationError,
};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::flow::{
    CODE, NOW, REDIRECT, SECRET, VERIFIER, complete, config, provider, provider_of, response,
    sign_in, unavailable, validation_error,
};
use crate::scripted::{self, TOKEN, USERINFO};
use latchkey_testing::ScriptedResponse;

fn form(body: &str) -> HashMap<String, String> {
    form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect()
}

#[tokio::test]
async fn sign_in_returns_a_profile() {
    let server = scripted::start().await;
    let Profile {
        identity,
        email,
        email_verified,
        name,
        ..
    } = sign_in(&server).await.expect("a profile");
    assert_eq!(
        (identity.issuer, identity.subject.as_str()),
        (server.issuer.clone(), "subject-1")
    );
    assert_eq!(
        (email.as_deref(), email_verified),
        (Some("ada@example.com"), true)
    );
    assert_eq!(
        name.as_deref(),
        Some("Ada Lovelace"),
        "completed from userinfo"
    );
}

#[tokio::test]
async fn client_authenticates_by_the_advertised_method() {
    let server = scripted::start().await;
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = format!(
        "Basic {}",
        STANDARD.encode(format!("latchkey:{}", encode(SECRET)))
    );
    for (methods, header, posted) in [
        (Value::Null, Some(basic.as_str()), None),
        (
            json!(["client_secret_post", "client_secret_basic"]),
            Some(basic.as_str()),
            None,
        ),
        (json!(["client_secret_post"]), None, Some(SECRET)),
    ] {
        server.script().metadata["token_endpoint_auth_methods_supported"] = methods.clone();
        sign_in(&server).await.expect("a profile");
        let seen = server.last(TOKEN);
        let sent = seen
            .headers
            .get("authorization")
            .map(|value| value.to_str().expect("text"));
        assert_eq!(sent, header, "{methods}");
        let form = form(&seen.body);
        assert_eq!(
            form.get("client_secret").map(String::as_str),
            posted,
            "{methods}"
        );
        assert_eq!(form["grant_type"], "authorization_code");
        assert_eq!(form["code"], CODE);
        assert_eq!(form["code_verifier"], VERIFIER);
        assert_eq!(form["redirect_uri"], REDIRECT);
    }
}

#[tokio::test]
async fn client_authenticates_by_the_configured_method() {
    let server = scripted::start().await;
    for (auth, methods, in_header) in [
        (ClientAuth::Basic, json!(["client_secret_post"]), true),
        (ClientAuth::Post, json!(["client_secret_basic"]), false),
        (ClientAuth::Post, Value::Null, false),
    ] {
        server.script().metadata["token_endpoint_auth_methods_supported"] = methods.clone();
        let config = ProviderConfig {
            client_auth: Some(auth),
            ..config(&server.issuer)
        };
        complete(&provider_of(config), &response(), NOW)
            .await
            .expect("a profile");
        let seen = server.last(TOKEN);
        let sent = seen.headers.contains_key("authorization");
        assert_eq!(sent, in_header, "{auth:?} {methods}");
        let posted = form(&seen.body).contains_key("client_secret");
        assert_eq!(posted, !in_header, "{auth:?} {methods}");
    }
}

#[tokio::test]
async fn public_client_sends_its_client_id_and_no_secret() {
    let server = scripted::start().await;
    let mut config = config(&server.issuer);
    config.client_secret = None;
    complete(&provider_of(config), &response(), NOW)
        .await
        .expect("a profile");
    let seen = server.last(TOKEN);
    assert!(seen.headers.get("authorization").is_none());
    let form = form(&seen.body);
    assert_eq!(form["client_id"], "latchkey");
    assert!(!form.contains_key("client_secret"));
}

#[tokio::test]
async fn security_06_redirect_from_another_issuer_is_refused_before_the_code_is_sent() {
    let server = scripted::start().await;
    let provider = provider(&server);
    let with = |iss| AuthorizationResponse { iss, ..response() };
    let trailing = format!("{}/", server.issuer);
    for iss in ["https://evil.example", "", trailing.as_str()] {
        let outcome = complete(&provider, &with(Some(iss)), NOW).await;
        assert_eq!(
            validation_error(outcome),
            ValidationError::ResponseIssuer,
            "{iss}"
        );
    }
    assert_eq!(server.count(TOKEN), 0);
    complete(&provider, &with(None), NOW)
        .await
        .expect("`iss` is optional unless advertised");
    complete(&provider, &with(Some(&server.issuer)), NOW)
        .await
        .expect("the right issuer");
}

#[tokio::test]
async fn security_06_redirect_without_the_advertised_iss_is_refused() {
    let server = scripted::start().await;
    server.script().metadata["authorization_response_iss_parameter_supported"] = true.into();
    let provider = provider(&server);
    let outcome = complete(&provider, &response(), NOW).await;
    assert_eq!(
        validation_error(outcome),
        ValidationError::ResponseIssuerMissing
    );
    assert_eq!(server.count(TOKEN), 0);
    let with = AuthorizationResponse {
        iss: Some(&server.issuer),
        ..response()
    };
    complete(&provider, &with, NOW)
        .await
        .expect("the right issuer");
}

#[tokio::test]
async fn refusal_names_the_registered_code_but_not_the_providers_text() {
    let server = scripted::start().await;
    // The last value: whether the authorization code may be the cause.
    for (error, expected, code_may_be_refused) in [
        ("invalid_grant", "invalid_grant", true),
        ("invalid_client", "client_secret", false),
        ("unauthorized_client", "unauthorized_client", false),
        ("invalid_request", "invalid_request", true),
        ("canary_code", "is not registered", true),
    ] {
        let body = json!({ "error": error, "error_description": "canary <html>" });
        server
            .script()
            .overrides
            .insert(TOKEN, ScriptedResponse::json(400, &body));
        match sign_in(&server).await {
            Err(SignInError::Refused {
                reason,
                code_refused,
                ..
            }) => {
                assert!(reason.contains(expected), "{reason}");
                assert_eq!(code_refused, code_may_be_refused, "{error}");
            }
            other => panic!("{error}: {other:?}"),
        }
    }
    for code in ["temporarily_unavailable", "server_error"] {
        let body = json!({ "error": code });
        server
            .script()
            .overrides
            .insert(TOKEN, ScriptedResponse::json(400, &body));
        assert!(unavailable(sign_in(&server).await).contains(code));
    }
}

#[tokio::test]
async fn unusable_tokens_are_refused() {
    let server = scripted::start().await;
    let valid = server.script().tokens.clone();
    for (name, value, check) in [
        ("id_token", Value::Null, ValidationError::IdTokenMissing),
        ("token_type", "mac".into(), ValidationError::TokenType),
        ("access_token", "a\nb".into(), ValidationError::AccessToken),
        ("access_token", "ä".into(), ValidationError::AccessToken),
    ] {
        server.script().tokens = valid.clone();
        server.script().tokens[name] = value;
        assert_eq!(validation_error(sign_in(&server).await), check, "{name}");
    }
    assert_eq!(server.count(USERINFO), 0);
}
