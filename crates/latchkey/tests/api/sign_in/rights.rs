//! Roles and admission: which provider is trusted for which address.

use latchkey_types::TokenResponse;
use serde_json::{Value, json};

use crate::app::{TestApp, claims};
use latchkey_testing::{ScriptedProvider, code, tokens};

const EXPORT: &str = "/api/admin/export";

/// The honest provider `main`, and a hostile one that claims the admin's address.
async fn two_providers() -> (ScriptedProvider, ScriptedProvider, String) {
    let main = ScriptedProvider::start().await;
    let hostile = ScriptedProvider::start().await;
    hostile.script().claims["sub"] = json!("another-subject");
    let sections = format!("{}{}", main.section("main"), hostile.section("partner"));
    (main, hostile, sections)
}

async fn is_admin(app: &TestApp, signed_in: &TokenResponse) -> bool {
    let has_role = claims(&signed_in.access_token)["roles"] == json!(["admin"]);
    let response = app.get_as(EXPORT, &signed_in.access_token).await;
    let allowed = response.status() == 200;
    if !allowed {
        assert_eq!(code(response).await, (403, "forbidden".into()));
    }
    assert_eq!(has_role, allowed);
    allowed
}

#[tokio::test]
async fn security_78_no_other_provider_can_claim_the_admin() {
    let (main, hostile, sections) = two_providers().await;
    let account = format!(
        "{{ issuer = \"{}\", subject = \"subject-1\" }}",
        main.issuer
    );
    for admins in ["\"main:ada@example.com\"", &account] {
        let app = TestApp::with(&format!("admins = [{admins}]\n{sections}")).await;
        let ada = tokens(main.sign_in(&app, "main").await).await;
        assert!(is_admin(&app, &ada).await, "{admins}");
        for email in ["ada@example.com", "ADA@example.com"] {
            hostile.script().claims["email"] = json!(email);
            // Also with the same subject: subjects of different issuers are unrelated.
            for subject in ["another-subject", "subject-1"] {
                hostile.script().claims["sub"] = json!(subject);
                let mallory = tokens(hostile.sign_in(&app, "partner").await).await;
                assert!(!is_admin(&app, &mallory).await, "{admins}: {email}");
                let refreshed = app.refreshed(&mallory.refresh_token).await;
                assert!(!is_admin(&app, &refreshed).await, "{admins}: {email}");
            }
        }
    }
}

#[tokio::test]
async fn security_78_no_other_provider_can_claim_an_admitted_address() {
    let (main, hostile, sections) = two_providers().await;
    let sections = format!("{sections}email_domains = [\"partner.example\"]\n");
    for list in [
        "emails = [\"main:ada@example.com\", \"ada@partner.example\"]",
        "domains = [\"main:example.com\", \"partner.example\"]",
    ] {
        let config = format!("[admission]\nmode = \"allow-list\"\n{list}\n{sections}");
        let app = TestApp::with(&config).await;
        tokens(main.sign_in(&app, "main").await).await;
        hostile.script().claims["email"] = json!("ada@example.com");
        // The claim `hd` counts only from Google.
        hostile.script().claims["hd"] = json!("example.com");
        let response = hostile.sign_in(&app, "partner").await;
        assert_eq!(code(response).await, (400, "not_admitted".into()), "{list}");
        // Entries that name no provider trust only `partner` for `partner.example`.
        hostile.script().claims["email"] = json!("ada@partner.example");
        tokens(hostile.sign_in(&app, "partner").await).await;
        main.script().claims["email"] = json!("ada@partner.example");
        let response = main.sign_in(&app, "main").await;
        assert_eq!(code(response).await, (400, "not_admitted".into()), "{list}");
        main.script().claims["email"] = json!("ada@example.com");
    }
}

/// If another provider is configured, entries that name no provider do not apply to the demo
/// provider.
#[tokio::test]
async fn security_78_entries_without_a_provider_do_not_apply_to_the_demo_provider() {
    let main = ScriptedProvider::start().await;
    let list = "[admission]\nmode = \"allow-list\"\nemails = [\"ada@example.com\"]\n";
    let section = main.section("main");
    let config = format!("demo = true\nadmins = [\"ada@example.com\"]\n{list}{section}");
    let app = TestApp::with(&config).await;
    let ada = tokens(main.sign_in(&app, "main").await).await;
    assert!(is_admin(&app, &ada).await);
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let response = app.finish(&begun.cookie, &callback).await;
    assert_eq!(code(response).await, (400, "not_admitted".into()));
    let named = config.replace("[\"ada@", "[\"demo:ada@");
    let app = app.reconfigured(&named).await;
    let ada = app.sign_in().await;
    assert!(is_admin(&app, &ada).await);
}

#[tokio::test]
async fn security_78_google_users_of_a_domain_are_admitted_by_hd_only() {
    let google = ScriptedProvider::start().await;
    let section = google.section("google");
    let list = "[admission]\nmode = \"allow-list\"\ndomains = [\"example.com\", \"gmail.com\"]\n";
    let app = TestApp::with(&format!("{list}{section}")).await;
    for (email, hd, status) in [
        // A personal Google account that was created with an address of the domain.
        ("ada@example.com", None, 400),
        ("ada@example.com", Some("other.example"), 400),
        ("ada@example.com", Some("example.com"), 200),
        ("ada@gmail.com", None, 200),
    ] {
        google.script().claims["email"] = json!(email);
        google.script().claims["hd"] = json!(hd);
        let response = google.sign_in(&app, "google").await;
        if status == 200 {
            let signed_in = tokens(response).await;
            app.refreshed(&signed_in.refresh_token).await;
        } else {
            let expected = (400, "not_admitted".into());
            assert_eq!(code(response).await, expected, "{email}, {hd:?}");
        }
    }
}

/// The refusal must not blame the allow-list if the reason is an unverified address.
#[tokio::test]
async fn an_unverified_address_is_refused_with_that_reason() {
    let provider = ScriptedProvider::start().await;
    let list = "[admission]\nmode = \"allow-list\"\nemails = [\"ada@example.com\"]\n";
    let app = TestApp::with(&format!("{list}{}", provider.section("a"))).await;
    for (email, verified, reason) in [
        ("ada@example.com", json!(false), json!("email_unverified")),
        ("ada@example.com", json!(null), json!("email_unverified")),
        // The response does not reveal whether the address is on the list.
        ("bob@example.com", json!(null), json!("email_unverified")),
        ("bob@example.com", json!(true), json!(null)),
    ] {
        provider.script().claims["email"] = json!(email);
        provider.script().claims["email_verified"] = verified;
        let response = provider.sign_in(&app, "a").await;
        assert_eq!(response.status(), 400);
        let body: Value = response.json().await.expect("JSON");
        assert_eq!(body["code"], "not_admitted");
        assert_eq!(body["reason"], reason, "{email}");
        let message = body["error_description"].as_str().expect("text");
        assert_eq!(message.contains("verified"), !reason.is_null(), "{message}");
    }
}
