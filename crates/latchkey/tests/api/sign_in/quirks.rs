//! Quirks of real providers: unsupported features, missing claims and unusual formats must neither
//! block valid sign-ins nor allow invalid ones.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use reqwest::Response;
use serde_json::{Value, json};

use crate::app::{TestApp, claims};
use latchkey_testing::{ScriptedProvider, ScriptedResponse, code, tokens};

/// Begins a sign-in, and returns the parameters of its authorization request.
async fn authorization_parameters(app: &TestApp, path: &str) -> BTreeMap<String, String> {
    let begun = app.begin_at(path).await;
    begun.authorize.query_pairs().into_owned().collect()
}

/// The code and the message of a refusal.
async fn refusal_text(response: Response) -> (String, String) {
    assert_eq!(response.status(), 400);
    let body: Value = response.json().await.expect("JSON");
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (text("code"), text("error_description"))
}

#[tokio::test]
async fn select_account_is_sent_only_if_it_is_listed_or_configured() {
    let provider = ScriptedProvider::start().await;
    let start = "/auth/login?provider=a";
    let step_up = "/auth/login?provider=a&prompt=login&max_age=600";
    for listed in [json!(null), json!([]), json!(["login", "consent"])] {
        provider.script().metadata["prompt_values_supported"] = listed.clone();
        let app = TestApp::with(&provider.section("a")).await;
        assert_eq!(
            authorization_parameters(&app, start).await.get("prompt"),
            None,
            "{listed}"
        );
        assert_eq!(
            authorization_parameters(&app, step_up).await["prompt"],
            "login",
            "{listed}"
        );
        let signed_in = provider.sign_in(&app, "a").await;
        assert_eq!(signed_in.status(), 200, "{listed}");
    }
    // `select_account` is sent if the metadata lists it, unless the configuration says otherwise.
    let section = format!("{}select_account = true\n", provider.section("a"));
    let app = TestApp::with(&section).await;
    assert_eq!(
        authorization_parameters(&app, start).await["prompt"],
        "select_account"
    );
    provider.script().metadata["prompt_values_supported"] = json!(["select_account"]);
    let app = TestApp::with(&provider.section("a")).await;
    assert_eq!(
        authorization_parameters(&app, start).await["prompt"],
        "select_account"
    );
    let section = format!("{}select_account = false\n", provider.section("a"));
    let app = TestApp::with(&section).await;
    assert_eq!(
        authorization_parameters(&app, start).await.get("prompt"),
        None
    );
}

/// Signs in at this provider, and asserts that the token contains a verified email address.
async fn assert_signs_in(provider: &ScriptedProvider, what: &str) {
    let app = TestApp::with(&provider.section("a")).await;
    let response = provider.sign_in(&app, "a").await;
    assert_eq!(response.status(), 200, "{what}");
    let signed_in = claims(&tokens(response).await.access_token);
    assert_eq!(signed_in["email"], "ada@example.com", "{what}");
    assert_eq!(signed_in["email_verified"], true, "{what}");
}

#[tokio::test]
async fn malformed_values_in_unused_fields_do_not_block_a_sign_in() {
    let none = || json!({});
    for (metadata, token_response, id_token) in [
        (none(), json!({ "expires_in": "3599" }), none()),
        (none(), json!({ "scope": ["openid"] }), none()),
        (none(), json!({ "expires_in": "" }), none()),
        (none(), none(), json!({ "amr": "pwd", "acr": 1 })),
        (none(), none(), json!({ "address": "{}", "zoneinfo": 1 })),
        (none(), none(), json!({ "name": {} })),
        (json!({ "op_policy_uri": "" }), none(), none()),
        (json!({ "userinfo_endpoint": "" }), none(), none()),
    ] {
        let provider = ScriptedProvider::start().await;
        merge(&mut provider.script().metadata, &metadata);
        merge(&mut provider.script().claims, &id_token);
        merge(&mut provider.script().tokens, &token_response);
        let what = format!("{metadata} {token_response} {id_token}");
        assert_signs_in(&provider, &what).await;
    }
}

#[tokio::test]
async fn an_unusual_or_refused_userinfo_response_does_not_block_a_sign_in() {
    let odd = json!({ "sub": "subject-1", "updated_at": "", "locale": {} });
    let scope = json!({ "error": "insufficient_scope" });
    for (status, info) in [
        (StatusCode::OK, odd),
        (StatusCode::FORBIDDEN, scope),
        (StatusCode::UNAUTHORIZED, json!(null)),
        (StatusCode::NOT_FOUND, json!(null)),
    ] {
        let provider = ScriptedProvider::start().await;
        let endpoint = format!("{}/userinfo", provider.issuer);
        let metadata = json!({
            "userinfo_endpoint": endpoint,
            "claims_parameter_supported": "true",
        });
        merge(&mut provider.script().metadata, &metadata);
        let response = ScriptedResponse::json(status.as_u16(), &info);
        provider
            .script()
            .overrides
            .insert(ScriptedProvider::USERINFO, response);
        assert_signs_in(&provider, &format!("{status} {info}")).await;
    }
}

#[tokio::test]
async fn userinfo_about_another_subject_is_refused() {
    let provider = ScriptedProvider::start().await;
    let endpoint = format!("{}/userinfo", provider.issuer);
    provider.script().metadata["userinfo_endpoint"] = endpoint.into();
    provider.script().userinfo = json!({ "sub": "subject-2" });
    let app = TestApp::with(&provider.section("a")).await;
    let response = provider.sign_in(&app, "a").await;
    assert_eq!(code(response).await, (400, "provider_invalid".into()));
}

#[tokio::test]
async fn security_11_an_address_is_verified_only_if_the_provider_or_the_configuration_says_so() {
    let provider = ScriptedProvider::start().await;
    let section = provider.section("a");
    let list = "[admission]\nmode = \"allow-list\"\nemails = [\"ada@example.com\"]\n";
    for (claim, trust, admitted) in [
        // Microsoft Entra leaves the claim out.
        (Value::Null, false, false),
        (Value::Null, true, true),
        (json!(true), false, true),
        (json!(false), true, false),
        (json!("False"), true, false),
        (json!(0), true, false),
    ] {
        provider.script().claims["email_verified"] = claim.clone();
        let app = TestApp::with(&format!("{list}{section}trust_email = {trust}\n")).await;
        let response = provider.sign_in(&app, "a").await;
        if admitted {
            let token = tokens(response).await.access_token;
            assert_eq!(claims(&token)["email_verified"], true, "{claim}");
        } else {
            let (code, text) = refusal_text(response).await;
            assert_eq!(code, "not_admitted", "{claim}");
            assert!(text.contains("does not report the email address"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_refused_step_up_states_the_reason() {
    let provider = ScriptedProvider::start().await;
    let app = TestApp::with(&provider.section("a")).await;
    for (auth_time, reason) in [
        (Value::Null, "auth_time"),
        (json!(1_799_000_000), "longer ago"),
    ] {
        provider.script().claims["auth_time"] = auth_time;
        let path = "/auth/login?provider=a&prompt=login&max_age=600";
        let begun = app.begin_at(path).await;
        let callback = provider.approve(&begun);
        let response = app.finish(&begun.cookie, &callback).await;
        let (code, text) = refusal_text(response).await;
        assert_eq!(code, "step_up_required");
        assert!(text.contains(reason), "{text}");
    }
}

/// Merges the members of `more` into `into`, overwriting existing ones.
fn merge(into: &mut Value, more: &Value) {
    let more = more.as_object().expect("an object").clone();
    into.as_object_mut().expect("an object").extend(more);
}
