//! Providers as they are in the field: what they do not know, leave out, or write in their own way
//! must not keep anybody out, and must let nobody in.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use reqwest::Response;
use serde_json::{Value, json};

use crate::app::{TestApp, claims};
use latchkey_testing::{Answer, ScriptedProvider, code, tokens};

/// What the provider was asked at the beginning of a sign-in.
async fn asked(app: &TestApp, path: &str) -> BTreeMap<String, String> {
    let begun = app.begin_at(path).await;
    begun.authorize.query_pairs().into_owned().collect()
}

/// The code and the sentence of a refusal.
async fn refusal_text(answer: Response) -> (String, String) {
    assert_eq!(answer.status(), 400);
    let body: Value = answer.json().await.expect("JSON");
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (text("code"), text("error_description"))
}

#[tokio::test]
async fn a_provider_that_knows_only_login_and_consent_is_asked_for_nothing_else() {
    let provider = ScriptedProvider::start().await;
    let start = "/auth/login?provider=a";
    let step_up = "/auth/login?provider=a&prompt=login&max_age=600";
    for listed in [json!(null), json!([]), json!(["login", "consent"])] {
        provider.script().metadata["prompt_values_supported"] = listed.clone();
        let app = TestApp::with(&provider.section("a")).await;
        assert_eq!(asked(&app, start).await.get("prompt"), None, "{listed}");
        assert_eq!(asked(&app, step_up).await["prompt"], "login", "{listed}");
        let signed_in = provider.sign_in(&app, "a").await;
        assert_eq!(signed_in.status(), 200, "{listed}");
    }
    // The operator knows better, or the provider says so.
    let section = format!("{}select_account = true\n", provider.section("a"));
    let app = TestApp::with(&section).await;
    assert_eq!(asked(&app, start).await["prompt"], "select_account");
    provider.script().metadata["prompt_values_supported"] = json!(["select_account"]);
    let app = TestApp::with(&provider.section("a")).await;
    assert_eq!(asked(&app, start).await["prompt"], "select_account");
    let section = format!("{}select_account = false\n", provider.section("a"));
    let app = TestApp::with(&section).await;
    assert_eq!(asked(&app, start).await.get("prompt"), None);
}

#[tokio::test]
async fn answers_in_which_only_the_unneeded_is_odd_sign_people_in() {
    for (metadata, tokens_with, id_token, userinfo) in [
        (json!({}), json!({ "expires_in": "3599" }), json!({}), None),
        (json!({}), json!({ "scope": ["openid"] }), json!({}), None),
        (json!({}), json!({ "expires_in": "" }), json!({}), None),
        (
            json!({}),
            json!({}),
            json!({ "amr": "pwd", "acr": 1 }),
            None,
        ),
        (
            json!({}),
            json!({}),
            json!({ "address": "{}", "zoneinfo": 1 }),
            None,
        ),
        (json!({}), json!({}), json!({ "name": {} }), None),
        (json!({ "op_policy_uri": "" }), json!({}), json!({}), None),
        (
            json!({ "userinfo_endpoint": "" }),
            json!({}),
            json!({}),
            None,
        ),
        (
            json!({ "claims_parameter_supported": "true" }),
            json!({}),
            json!({}),
            Some((
                StatusCode::OK,
                json!({ "sub": "subject-1", "updated_at": "", "locale": {} }),
            )),
        ),
        (
            json!({}),
            json!({}),
            json!({}),
            Some((
                StatusCode::FORBIDDEN,
                json!({ "error": "insufficient_scope" }),
            )),
        ),
        (
            json!({}),
            json!({}),
            json!({}),
            Some((StatusCode::UNAUTHORIZED, json!(null))),
        ),
        (
            json!({}),
            json!({}),
            json!({}),
            Some((StatusCode::NOT_FOUND, json!(null))),
        ),
    ] {
        let provider = ScriptedProvider::start().await;
        {
            let mut script = provider.script();
            if let Some((status, info)) = &userinfo {
                let endpoint = format!("{}/userinfo", provider.issuer);
                script.metadata["userinfo_endpoint"] = endpoint.into();
                let answer = Answer::json(status.as_u16(), info);
                script.instead.insert(ScriptedProvider::USERINFO, answer);
            }
            merge(&mut script.metadata, &metadata);
            merge(&mut script.claims, &id_token);
            merge(&mut script.tokens, &tokens_with);
        }
        let app = TestApp::with(&provider.section("a")).await;
        let answer = provider.sign_in(&app, "a").await;
        let what = format!("{metadata} {tokens_with} {id_token} {userinfo:?}");
        assert_eq!(answer.status(), 200, "{what}");
        let signed_in = claims(&tokens(answer).await.access_token);
        assert_eq!(signed_in["email"], "ada@example.com", "{what}");
        assert_eq!(signed_in["email_verified"], true, "{what}");
    }
}

#[tokio::test]
async fn userinfo_that_answers_about_somebody_else_still_counts() {
    let provider = ScriptedProvider::start().await;
    let endpoint = format!("{}/userinfo", provider.issuer);
    provider.script().metadata["userinfo_endpoint"] = endpoint.into();
    provider.script().userinfo = json!({ "sub": "subject-2" });
    let app = TestApp::with(&provider.section("a")).await;
    let answer = provider.sign_in(&app, "a").await;
    assert_eq!(code(answer).await, (400, "provider_invalid".into()));
}

#[tokio::test]
async fn security_11_an_address_counts_as_verified_if_the_provider_or_the_operator_says_so() {
    let provider = ScriptedProvider::start().await;
    let section = provider.section("a");
    let list = "[admission]\nmode = \"allow-list\"\nemails = [\"ada@example.com\"]\n";
    for (said, trust, admitted) in [
        // As Microsoft Entra sends it.
        (Value::Null, false, false),
        (Value::Null, true, true),
        (json!(true), false, true),
        (json!(false), true, false),
        (json!("False"), true, false),
        (json!(0), true, false),
    ] {
        provider.script().claims["email_verified"] = said.clone();
        let app = TestApp::with(&format!("{list}{section}trust_email = {trust}\n")).await;
        let answer = provider.sign_in(&app, "a").await;
        if admitted {
            let token = tokens(answer).await.access_token;
            assert_eq!(claims(&token)["email_verified"], true, "{said}");
        } else {
            let (code, text) = refusal_text(answer).await;
            assert_eq!(code, "not_admitted", "{said}");
            assert!(text.contains("does not say that it verified"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_step_up_that_is_not_confirmed_says_what_is_missing() {
    let provider = ScriptedProvider::start().await;
    let app = TestApp::with(&provider.section("a")).await;
    for (auth_time, named) in [
        (Value::Null, "auth_time"),
        (json!(1_799_000_000), "longer ago"),
    ] {
        provider.script().claims["auth_time"] = auth_time;
        let path = "/auth/login?provider=a&prompt=login&max_age=600";
        let begun = app.begin_at(path).await;
        let callback = provider.approve(&begun);
        let answer = app.finish(&begun.cookie, &callback).await;
        let (code, text) = refusal_text(answer).await;
        assert_eq!(code, "step_up_required");
        assert!(text.contains(named), "{text}");
    }
}

/// Puts the members of `more` over those of `into`.
fn merge(into: &mut Value, more: &Value) {
    let more = more.as_object().expect("an object").clone();
    into.as_object_mut().expect("an object").extend(more);
}
