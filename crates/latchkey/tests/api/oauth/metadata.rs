//! Authorization server metadata (RFC 8414).

use serde_json::json;

use crate::app::TestApp;
use latchkey_testing::{ScriptedProvider, header};

#[tokio::test]
async fn security_29_metadata_has_the_exact_issuer_and_only_existing_endpoints() {
    let app = TestApp::start().await;
    let metadata = app
        .get_json("/.well-known/oauth-authorization-server")
        .await;
    let url = &app.url;
    assert_eq!(
        metadata,
        json!({
            "issuer": url,
            "token_endpoint": format!("{url}/auth/token"),
            "revocation_endpoint": format!("{url}/auth/revoke"),
            "jwks_uri": format!("{url}/.well-known/jwks.json"),
            "response_types_supported": [],
            "grant_types_supported": ["refresh_token"],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "dpop_signing_alg_values_supported": ["ES256"],
        })
    );
    let tokens = app.sign_in().await;
    assert_eq!(
        crate::app::claims(&tokens.access_token)["iss"],
        metadata["issuer"]
    );
    assert_eq!(
        crate::app::claims(&tokens.refresh_token)["iss"],
        metadata["issuer"]
    );
}

#[tokio::test]
async fn security_29_the_issuer_is_the_public_url_whatever_the_host_header_says() {
    let app = TestApp::with("public_url = \"https://id.example.com/\"").await;
    let request = app
        .get("/.well-known/oauth-authorization-server")
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example");
    let response = request.send().await.expect("a response");
    assert_eq!(header(&response, "content-type"), "application/json");
    let metadata: serde_json::Value = response.json().await.expect("JSON");
    assert_eq!(metadata["issuer"], "https://id.example.com");
    assert_eq!(
        metadata["token_endpoint"],
        "https://id.example.com/auth/token"
    );
}

#[tokio::test]
async fn providers_are_listed_in_a_fixed_order() {
    let provider = ScriptedProvider::start().await;
    let config = format!(
        "demo = true\n{}label = \"Example Inc.\"\n\
         [providers.google]\nclient_id = \"a\"\nclient_secret = \"b\"\n",
        provider.section("work")
    );
    let app = TestApp::with(&config).await;
    assert_eq!(
        app.get_json("/auth/providers").await,
        json!({ "providers": [
            { "id": "google", "label": "Google", "kind": "google" },
            { "id": "work", "label": "Example Inc.", "kind": "oidc" },
            { "id": "demo", "label": "Demo account", "kind": "demo" },
        ] })
    );
    // Listing the providers sends no request to them.
    assert!(provider.script().requests.is_empty());
}
