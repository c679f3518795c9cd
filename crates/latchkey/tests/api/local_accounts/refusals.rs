//! What is refused, and that refusals reveal nothing.

use latchkey_testing::{ScriptedProvider, code, header, tokens};
use serde_json::{Value, json};

use super::{OTHER_PASSWORD, PASSWORD, create, invalid_fields, post, try_sign_in};
use crate::app::{Prover, TestApp};

#[tokio::test]
async fn security_95_unknown_users_and_wrong_passwords_get_the_same_response() {
    let app = TestApp::with("[local]").await;
    create(&app, "ada").await;
    let mut seen = Vec::new();
    for username in ["ada", "bob", "not a username!"] {
        let response = try_sign_in(&app, username, OTHER_PASSWORD).await;
        let status = response.status();
        let mut headers = response.headers().clone();
        for varies in ["date", "x-request-id", "dpop-nonce"] {
            headers.remove(varies);
        }
        let mut body: Value = response.json().await.expect("JSON");
        let id = body["request_id"].take();
        assert!(id.is_string());
        seen.push((status, headers, body));
    }
    assert_eq!(seen[0].0, 401);
    assert_eq!(seen[0].2["code"], "invalid_credentials");
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    // Requests for a link get the same response too, whether or not the user exists.
    for username in ["ada", "bob", "ada@example.com", "!"] {
        let body = json!({ "username": username });
        let response = post(&app, "/auth/password/reset-request", &body).await;
        assert_eq!(response.status(), 202);
        assert_eq!(response.text().await.expect("a body"), "");
    }
}

#[tokio::test]
async fn without_the_section_the_paths_do_not_exist() {
    let app = TestApp::start().await;
    for path in [
        "/auth/password",
        "/auth/password/change",
        "/auth/password/reset",
        "/auth/password/reset-request",
        "/auth/sign-up",
    ] {
        let response = post(&app, path, &json!({})).await;
        assert_eq!(code(response).await, (404, "not_found".into()), "{path}");
    }
    let offered = app.get_json("/auth/providers").await;
    assert_eq!(offered.get("password"), None);
}

#[tokio::test]
async fn sign_up_is_refused_unless_it_is_open() {
    let new = json!({ "username": "ada", "password": PASSWORD });
    for sign_up in ["off", "invite"] {
        let app = TestApp::with(&format!("[local]\nsign_up = \"{sign_up}\"")).await;
        let refused = post(&app, "/auth/sign-up", &new).await;
        assert_eq!(code(refused).await, (403, "sign_up_closed".into()));
    }
}

#[tokio::test]
async fn each_invalid_field_of_a_sign_up_is_reported() {
    let app = TestApp::with("[local]\nsign_up = \"open\"").await;
    let new = json!({
        "username": "a b",
        "password": "short",
        "name": "x".repeat(200),
        "email": "nobody",
    });
    let refused = post(&app, "/auth/sign-up", &new).await;
    let fields = invalid_fields(refused).await;
    assert_eq!(fields, ["username", "name", "email", "password"]);
    // The username and parts of it are easy to guess.
    for password in ["ada-lovelace-1815", "ada-lovelace"] {
        let new = json!({ "username": "ada-lovelace-1815", "password": password });
        let refused = post(&app, "/auth/sign-up", &new).await;
        assert_eq!(invalid_fields(refused).await, ["password"], "{password}");
    }
}

#[tokio::test]
async fn forms_are_refused_and_so_is_the_password_grant() {
    let app = TestApp::with("[local]").await;
    create(&app, "ada").await;
    let form = [("username", "ada"), ("password", PASSWORD)];
    let request = app.post("/auth/password").form(&form);
    let refused = request.send().await.expect("a response");
    assert_eq!(code(refused).await, (415, "unsupported_media_type".into()));
    let body = json!({ "username": "ada", "password": PASSWORD }).to_string();
    let request = app.post("/auth/password").body(body);
    let refused = request.header("content-type", "text/plain").send().await;
    assert_eq!(refused.expect("a response").status(), 415);
    let [username, password] = form;
    let grant = [("grant_type", "password"), username, password];
    let refused: Value = app.token(&grant).await.json().await.expect("JSON");
    assert_eq!(refused["error"], "unsupported_grant_type");
}

#[tokio::test]
async fn user_of_a_provider_has_no_password_to_change() {
    let app = TestApp::with("demo = true\n[local]").await;
    let signed_in = app.sign_in().await;
    let body = json!({ "current_password": PASSWORD, "new_password": OTHER_PASSWORD });
    let request = app.post("/auth/password/change").json(&body);
    let refused = request.bearer_auth(&signed_in.access_token).send().await;
    let refused = code(refused.expect("a response")).await;
    assert_eq!(refused, (404, "not_found".into()));
    let refused = post(&app, "/auth/password/change", &body).await;
    assert_eq!(code(refused).await, (401, "token_missing".into()));
}

#[tokio::test]
async fn sessions_are_bound_to_the_key_of_a_proof() {
    let provider = ScriptedProvider::start().await;
    let config = format!(
        "[local]\n[tokens]\nbinding = \"required\"\n{}",
        provider.section("a")
    );
    let app = TestApp::with(&config).await;
    create(&app, "ada").await;
    let refused = try_sign_in(&app, "ada", PASSWORD).await;
    let nonce = header(&refused, "dpop-nonce").to_owned();
    assert_eq!(code(refused).await, (400, "dpop_proof_required".into()));
    let prover = Prover::new();
    let mut proof = Prover::claims(&app, "POST", "/auth/password");
    proof["nonce"] = nonce.into();
    let body = json!({ "username": "ada", "password": PASSWORD });
    let request = app.post("/auth/password").json(&body);
    let proof = prover.sign(&prover.header(), &proof);
    let response = request.header("dpop", proof).send().await;
    let signed_in = tokens(response.expect("a response")).await;
    assert_eq!(signed_in.token_type, "DPoP");
    assert!(signed_in.bound);
}
