//! The rule of admission is asked at every refresh: who lost the right to come in goes out.

use serde_json::json;

use crate::app::TestApp;
use latchkey_testing::{ScriptedProvider, code, tokens};

fn listed(list: &str, provider: &ScriptedProvider) -> String {
    let section = provider.section("a");
    format!("[admission]\nmode = \"allow-list\"\n{list}\n{section}")
}

/// Signed in under the one configuration, then refreshed under the other.
async fn refreshed_under(before: &str, after: &str, provider: &ScriptedProvider) -> (u16, String) {
    let app = TestApp::with(before).await;
    let signed_in = tokens(provider.sign_in(&app, "a").await).await;
    let app = app.reconfigured(after).await;
    assert_eq!(app.check(&signed_in.access_token).await, Ok(()));
    let answer = app.refresh(&signed_in.refresh_token, None).await;
    let refusal = code(answer).await;
    if refusal.0 != 200 {
        // The session is over and what it was given is denied.
        let access = app.check(&signed_in.access_token).await;
        assert_eq!(access, Err("token_revoked".into()));
        app.refresh_is_refused(&signed_in.refresh_token).await;
        // Taking the change back does not bring it back.
        let app = app.reconfigured(before).await;
        app.refresh_is_refused(&signed_in.refresh_token).await;
    }
    refusal
}

#[tokio::test]
async fn security_80_who_is_taken_off_the_list_is_out_at_the_next_refresh() {
    let provider = ScriptedProvider::start().await;
    let open = provider.section("a");
    let ada = listed("emails = [\"ada@example.com\"]", &provider);
    let domain = listed("domains = [\"example.com\"]", &provider);
    let bob = listed("emails = [\"bob@example.com\"]", &provider);
    let other_domain = listed("domains = [\"example.org\"]", &provider);
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
    // An address that was never verified is on no list.
    provider.script().claims["email_verified"] = json!(false);
    assert_eq!(refreshed_under(&open, &ada, &provider).await, refused);
}

#[tokio::test]
async fn security_80_who_lost_their_provider_is_out_at_the_next_refresh() {
    let (a, b) = (
        ScriptedProvider::start().await,
        ScriptedProvider::start().await,
    );
    let both = format!("{}{}", a.section("a"), b.section("b"));
    let answer = refreshed_under(&both, &b.section("b"), &a).await;
    assert_eq!(answer, (400, "not_admitted".into()));
    // The name is not the provider: another issuer under it vouches for nobody of before.
    let answer = refreshed_under(&both, &b.section("a"), &a).await;
    assert_eq!(answer, (400, "not_admitted".into()));
    // Under another name it is the same provider.
    let answer = refreshed_under(&both, &a.section("c"), &a).await;
    assert_eq!(answer.0, 200);
}

#[tokio::test]
async fn security_80_sessions_of_the_demo_provider_end_when_it_is_off() {
    let provider = ScriptedProvider::start().await;
    let admins = "admins = [\"demo:ada@example.com\"]\n";
    let app = TestApp::with(&format!("demo = true\n{admins}")).await;
    let signed_in = app.sign_in().await;
    let admin = app
        .delete_as("/api/admin/users/x/ban", &signed_in.access_token)
        .await;
    assert_eq!(admin.status(), 404);
    let without = format!("{admins}{}", provider.section("a"));
    let app = app.reconfigured(&without).await;
    // Its administrators are none from the first request on.
    let admin = app
        .delete_as("/api/admin/users/x/ban", &signed_in.access_token)
        .await;
    assert_eq!(code(admin).await, (403, "forbidden".into()));
    let answer = app.refresh(&signed_in.refresh_token, None).await;
    assert_eq!(code(answer).await, (400, "not_admitted".into()));
    let access = app.check(&signed_in.access_token).await;
    assert_eq!(access, Err("token_revoked".into()));
}
