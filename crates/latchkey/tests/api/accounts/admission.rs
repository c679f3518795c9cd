//! Every refresh checks admission again: a user who is no longer admitted loses the session.

use serde_json::json;

use crate::app::TestApp;
use latchkey_testing::{ScriptedProvider, code, tokens};

fn with_allow_list(list: &str, provider: &ScriptedProvider) -> String {
    let section = provider.section("a");
    format!("[admission]\nmode = \"allow-list\"\n{list}\n{section}")
}

/// Signs in with the configuration `before` and refreshes with `after`.
async fn refreshed_under(before: &str, after: &str, provider: &ScriptedProvider) -> (u16, String) {
    let app = TestApp::with(before).await;
    let signed_in = tokens(provider.sign_in(&app, "a").await).await;
    let app = app.reconfigured(after).await;
    assert_eq!(app.check(&signed_in.access_token).await, Ok(()));
    let response = app.refresh(&signed_in.refresh_token, None).await;
    let outcome = code(response).await;
    if outcome.0 != 200 {
        // The session has ended and its tokens are denied.
        let access = app.check(&signed_in.access_token).await;
        assert_eq!(access, Err("token_revoked".into()));
        app.refresh_is_refused(&signed_in.refresh_token).await;
        // Undoing the change does not restore the session.
        let app = app.reconfigured(before).await;
        app.refresh_is_refused(&signed_in.refresh_token).await;
    }
    outcome
}

#[tokio::test]
async fn security_80_a_user_removed_from_the_allow_list_loses_the_session_at_the_next_refresh() {
    let provider = ScriptedProvider::start().await;
    let open = provider.section("a");
    let ada = with_allow_list("emails = [\"ada@example.com\"]", &provider);
    let domain = with_allow_list("domains = [\"example.com\"]", &provider);
    let bob = with_allow_list("emails = [\"bob@example.com\"]", &provider);
    let other_domain = with_allow_list("domains = [\"example.org\"]", &provider);
    let refused = (400, "not_admitted".to_owned());
    for (before, after) in [
        (&ada, &bob),
        (&domain, &other_domain),
        (&domain, &bob),
        (&open, &bob),
    ] {
        assert_eq!(refreshed_under(before, after, &provider).await, refused);
    }
    for (before, after) in [
        (&ada, &domain),
        (&ada, &open),
        (&domain, &ada),
        (&open, &domain),
    ] {
        assert_eq!(refreshed_under(before, after, &provider).await.0, 200);
    }
    // An unverified address matches no list.
    provider.script().claims["email_verified"] = json!(false);
    assert_eq!(refreshed_under(&open, &ada, &provider).await, refused);
}

#[tokio::test]
async fn security_80_a_user_of_a_removed_provider_loses_the_session_at_the_next_refresh() {
    let (a, b) = (
        ScriptedProvider::start().await,
        ScriptedProvider::start().await,
    );
    let both = format!("{}{}", a.section("a"), b.section("b"));
    let response = refreshed_under(&both, &b.section("b"), &a).await;
    assert_eq!(response, (400, "not_admitted".into()));
    // The issuer counts, not the configured name: another issuer under the same name does not vouch
    // for earlier users.
    let response = refreshed_under(&both, &b.section("a"), &a).await;
    assert_eq!(response, (400, "not_admitted".into()));
    // The same issuer under another name is still the same provider.
    let response = refreshed_under(&both, &a.section("c"), &a).await;
    assert_eq!(response.0, 200);
}

#[tokio::test]
async fn security_80_a_user_of_the_disabled_demo_provider_loses_the_session_at_the_next_refresh() {
    let provider = ScriptedProvider::start().await;
    let admins = "admins = [\"demo:ada@example.com\"]\n";
    let app = TestApp::with(&format!("demo = true\n{admins}")).await;
    let signed_in = app.sign_in().await;
    let response = app
        .delete_as("/api/admin/users/x/ban", &signed_in.access_token)
        .await;
    assert_eq!(response.status(), 404);
    let without = format!("{admins}{}", provider.section("a"));
    let app = app.reconfigured(&without).await;
    // Admins from the disabled provider lose the role immediately.
    let response = app
        .delete_as("/api/admin/users/x/ban", &signed_in.access_token)
        .await;
    assert_eq!(code(response).await, (403, "forbidden".into()));
    let response = app.refresh(&signed_in.refresh_token, None).await;
    assert_eq!(code(response).await, (400, "not_admitted".into()));
    let access = app.check(&signed_in.access_token).await;
    assert_eq!(access, Err("token_revoked".into()));
}
