//! The exchange of the code for tokens.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use latchkey_core::Profile;
use latchkey_identity::{AuthorizationAnswer, Check, ClientAuth, OidcConfig, SignInError};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::flow::{
    CODE, NOW, REDIRECT, SECRET, VERIFIER, answer, complete, config, failed, provider, provider_of,
    sign_in, unavailable,
};
use crate::scripted::{self, TOKEN, USERINFO};
use latchkey_testing::Answer;

fn form(body: &str) -> HashMap<String, String> {
    form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect()
}

#[tokio::test]
async fn a_sign_in_gives_a_profile() {
    let hostile = scripted::start().await;
    let Profile {
        identity,
        email,
        email_verified,
        name,
        ..
    } = sign_in(&hostile).await.expect("a profile");
    assert_eq!(
        (identity.issuer, identity.subject.as_str()),
        (hostile.issuer.clone(), "subject-1")
    );
    assert_eq!(
        (email.as_deref(), email_verified),
        (Some("ada@example.com"), true)
    );
    assert_eq!(
        name.as_deref(),
        Some("Ada Lovelace"),
        "filled up from userinfo"
    );
}

#[tokio::test]
async fn the_client_proves_itself_as_the_provider_likes_it() {
    let hostile = scripted::start().await;
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
        hostile.script().metadata["token_endpoint_auth_methods_supported"] = methods.clone();
        sign_in(&hostile).await.expect("a profile");
        let seen = hostile.last(TOKEN);
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
async fn the_client_proves_itself_as_it_is_told_to() {
    let hostile = scripted::start().await;
    for (auth, methods, in_header) in [
        (ClientAuth::Basic, json!(["client_secret_post"]), true),
        (ClientAuth::Post, json!(["client_secret_basic"]), false),
        (ClientAuth::Post, Value::Null, false),
    ] {
        hostile.script().metadata["token_endpoint_auth_methods_supported"] = methods.clone();
        let config = OidcConfig {
            client_auth: Some(auth),
            ..config(&hostile.issuer)
        };
        complete(&provider_of(config), &answer(), NOW)
            .await
            .expect("a profile");
        let seen = hostile.last(TOKEN);
        let sent = seen.headers.contains_key("authorization");
        assert_eq!(sent, in_header, "{auth:?} {methods}");
        let posted = form(&seen.body).contains_key("client_secret");
        assert_eq!(posted, !in_header, "{auth:?} {methods}");
    }
}

#[tokio::test]
async fn a_public_client_sends_its_identifier_only() {
    let hostile = scripted::start().await;
    let mut config = config(&hostile.issuer);
    config.client_secret = None;
    complete(&provider_of(config), &answer(), NOW)
        .await
        .expect("a profile");
    let seen = hostile.last(TOKEN);
    assert!(seen.headers.get("authorization").is_none());
    let form = form(&seen.body);
    assert_eq!(form["client_id"], "latchkey");
    assert!(!form.contains_key("client_secret"));
}

#[tokio::test]
async fn security_06_an_answer_of_another_issuer_is_refused_before_the_code_is_sent() {
    let hostile = scripted::start().await;
    let provider = provider(&hostile);
    let with = |iss| AuthorizationAnswer { iss, ..answer() };
    let trailing = format!("{}/", hostile.issuer);
    for iss in ["https://evil.example", "", trailing.as_str()] {
        let outcome = complete(&provider, &with(Some(iss)), NOW).await;
        assert_eq!(failed(outcome), Check::AnswerIssuer, "{iss}");
    }
    assert_eq!(hostile.count(TOKEN), 0);
    complete(&provider, &with(None), NOW)
        .await
        .expect("not announced, not needed");
    complete(&provider, &with(Some(&hostile.issuer)), NOW)
        .await
        .expect("the right one");
}

#[tokio::test]
async fn security_06_an_answer_without_issuer_though_advertised_is_refused() {
    let hostile = scripted::start().await;
    hostile.script().metadata["authorization_response_iss_parameter_supported"] = true.into();
    let provider = provider(&hostile);
    let outcome = complete(&provider, &answer(), NOW).await;
    assert_eq!(failed(outcome), Check::AnswerIssuerMissing);
    assert_eq!(hostile.count(TOKEN), 0);
    let with = AuthorizationAnswer {
        iss: Some(&hostile.issuer),
        ..answer()
    };
    complete(&provider, &with, NOW)
        .await
        .expect("the right one");
}

#[tokio::test]
async fn a_refusal_names_the_registered_code_and_never_the_providers_text() {
    let hostile = scripted::start().await;
    for (code, named) in [
        ("invalid_grant", "invalid_grant"),
        ("invalid_client", "client_secret"),
        ("unauthorized_client", "unauthorized_client"),
        ("invalid_request", "invalid_request"),
        ("canary_code", "not a registered one"),
    ] {
        let body = json!({ "error": code, "error_description": "canary <html>" });
        hostile
            .script()
            .instead
            .insert(TOKEN, Answer::json(400, &body));
        match sign_in(&hostile).await {
            Err(SignInError::Refused { reason, .. }) => assert!(reason.contains(named), "{reason}"),
            other => panic!("{code}: {other:?}"),
        }
    }
    for code in ["temporarily_unavailable", "server_error"] {
        let body = json!({ "error": code });
        hostile
            .script()
            .instead
            .insert(TOKEN, Answer::json(400, &body));
        assert!(unavailable(sign_in(&hostile).await).contains(code));
    }
}

#[tokio::test]
async fn tokens_that_cannot_be_used_are_refused() {
    let hostile = scripted::start().await;
    let good = hostile.script().tokens.clone();
    for (name, value, check) in [
        ("id_token", Value::Null, Check::IdTokenMissing),
        ("token_type", "mac".into(), Check::TokenType),
        ("access_token", "a\nb".into(), Check::AccessToken),
        ("access_token", "ä".into(), Check::AccessToken),
    ] {
        hostile.script().tokens = good.clone();
        hostile.script().tokens[name] = value;
        assert_eq!(failed(sign_in(&hostile).await), check, "{name}");
    }
    assert_eq!(hostile.count(USERINFO), 0);
}
