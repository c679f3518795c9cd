//! Operations that require a recent sign-in, and how a user gets one (RFC 9470).

use std::time::Duration;

use serde_json::json;

use crate::app::{TestApp, claims};
use latchkey_testing::{ScriptedProvider, code, header, tokens};

const CHALLENGE: &str = "Bearer realm=\"latchkey\", \
    error=\"insufficient_user_authentication\", \
    error_description=\"A more recent sign-in is needed\", max_age=\"600\"";

#[tokio::test]
async fn irreversible_operations_require_a_sign_in_within_the_last_ten_minutes() {
    let app = TestApp::with("demo = true\nadmins = [\"ada@example.com\"]").await;
    let first = app.sign_in().await;
    let other = app.sign_in().await;
    app.clock.advance(Duration::from_mins(10));
    // Still allowed in the last second. The refreshed token contains the time of the sign-in, not of
    // the refresh.
    let fresh = app.refreshed(&first.refresh_token).await.access_token;
    let sub = claims(&fresh)["sub"].as_str().expect("text").to_owned();
    let unban = format!("/api/admin/users/{sub}/ban");
    let unbanned = app.delete_as(&unban, &fresh).await;
    assert_eq!(unbanned.status(), 204);

    app.clock.advance(Duration::from_secs(1));
    let end = format!("/api/admin/users/{sub}/sessions");
    let sid = super::sessions::sid(&other.access_token);
    let one = format!("/api/sessions/{sid}");
    for path in ["/api/sessions", "/api/admin/sessions", &unban, &end, &one] {
        let response = app.delete_as(path, &fresh).await;
        assert_eq!(header(&response, "www-authenticate"), CHALLENGE, "{path}");
        assert_eq!(
            code(response).await,
            (401, "step_up_required".into()),
            "{path}"
        );
    }
    let ban = app.post(&unban).bearer_auth(&fresh);
    let response = ban.json(&json!({ "reason": "spam" })).send().await;
    let response = code(response.expect("a response")).await;
    assert_eq!(response, (401, "step_up_required".into()));
    let response = app.log_out_everywhere(&fresh).await;
    assert_eq!(header(&response, "www-authenticate"), CHALLENGE);
    assert_eq!(code(response).await, (401, "step_up_required".into()));

    // Nothing was changed, and operations that are not sensitive still work.
    let other = app.refreshed(&other.refresh_token).await;
    assert_eq!(app.check(&other.access_token).await, Ok(()));

    // After a new sign-in, the operations are allowed.
    let again = app.sign_in().await;
    let ended = app.delete_as(&one, &again.access_token).await;
    assert_eq!(ended.status(), 204);
    let done = app.delete_as("/api/sessions", &again.access_token).await;
    assert_eq!(done.status(), 204);
    assert_eq!(app.check(&fresh).await, Err("token_revoked".into()));
    assert_eq!(
        app.log_out_everywhere(&again.access_token).await.status(),
        204
    );
}

#[tokio::test]
async fn prompt_and_max_age_are_sent_to_the_provider_and_its_response_is_checked() {
    let provider = ScriptedProvider::start().await;
    let app = TestApp::with(&provider.section("a")).await;
    let path =
        "/auth/login?provider=a&prompt=login&max_age=600&return_to=/sessions?resume=end-others";
    for (auth_time, status) in [
        (json!(1_800_000_000), 200),
        (json!(1_799_999_500), 200),
        (json!(1_799_999_000), 400),
        (json!(null), 400),
    ] {
        let begun = app.begin_at(path).await;
        let parameter = |name: &str| {
            let mut pairs = begun.authorize.query_pairs();
            pairs
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        assert_eq!(parameter("prompt").as_deref(), Some("login"));
        assert_eq!(parameter("max_age").as_deref(), Some("600"));
        provider.script().claims["auth_time"] = auth_time.clone();
        let callback = provider.approve(&begun);
        let response = app.finish(&begun.cookie, &callback).await;
        assert_eq!(response.status(), status, "{auth_time}");
        if status == 200 {
            let signed_in = tokens(response).await;
            assert_eq!(claims(&signed_in.access_token)["auth_time"], auth_time);
            assert_eq!(
                signed_in.return_to.as_deref(),
                Some("/sessions?resume=end-others")
            );
        } else {
            assert_eq!(code(response).await, (400, "step_up_required".into()));
        }
    }
}

#[tokio::test]
async fn the_age_of_a_sign_in_comes_from_the_provider() {
    let provider = ScriptedProvider::start().await;
    let app = TestApp::with(&provider.section("a")).await;
    let now = 1_800_000_000_u64;
    for (auth_time, recorded) in [
        (json!(now - 5000), now - 5000),
        // The provider's clock is ahead.
        (json!(now + 30), now),
        (json!(now), now),
    ] {
        provider.script().claims["auth_time"] = auth_time.clone();
        let signed_in = tokens(provider.sign_in(&app, "a").await).await;
        assert_eq!(
            claims(&signed_in.access_token)["auth_time"],
            recorded,
            "{auth_time}"
        );
        let response = app
            .delete_as("/api/sessions", &signed_in.access_token)
            .await;
        let expected = if recorded == now { 204 } else { 401 };
        assert_eq!(response.status(), expected, "{auth_time}");
    }
}

#[tokio::test]
async fn security_81_a_sign_in_of_unknown_age_does_not_count_as_recent() {
    let provider = ScriptedProvider::start().await;
    let section = provider.section("a");
    let app = TestApp::with(&format!("admins = [\"ada@example.com\"]\n{section}")).await;
    // The user may have signed in at the provider long ago. Latchkey requests `auth_time` even if the
    // browser sends no `max_age`, but here the provider sends no valid one.
    let ahead = json!(1_800_000_000_u64 + 3600);
    for auth_time in [
        json!(null),
        json!("1800000000"),
        json!(-1),
        json!([]),
        ahead,
    ] {
        provider.script().claims["auth_time"] = auth_time.clone();
        let begun = app.begin("a").await;
        let requested = begun
            .authorize
            .query_pairs()
            .any(|(name, _)| name == "max_age");
        assert!(requested, "with max_age, Core §3.1.2.1 requires auth_time");
        let callback = provider.approve(&begun);
        let signed_in = tokens(app.finish(&begun.cookie, &callback).await).await;
        let token = signed_in.access_token;
        assert_eq!(claims(&token).get("auth_time"), None, "{auth_time}");
        let me = app.get("/api/me").bearer_auth(&token).send().await;
        let me: serde_json::Value = me.expect("a response").json().await.expect("JSON");
        assert_eq!(me.get("auth_time"), None, "{auth_time}");
        for path in ["/api/sessions", "/api/admin/sessions"] {
            let response = app.delete_as(path, &token).await;
            assert_eq!(header(&response, "www-authenticate"), CHALLENGE, "{path}");
            assert_eq!(
                code(response).await,
                (401, "step_up_required".into()),
                "{path} {auth_time}"
            );
        }
        // A refresh does not make the sign-in more recent.
        let again = app.refreshed(&signed_in.refresh_token).await.access_token;
        assert_eq!(claims(&again).get("auth_time"), None, "{auth_time}");
        let response = app.delete_as("/api/sessions", &again).await;
        assert_eq!(code(response).await, (401, "step_up_required".into()));
    }
}

#[tokio::test]
async fn a_new_sign_in_is_a_step_up_if_that_is_configured_for_a_provider_without_auth_time() {
    let provider = ScriptedProvider::start().await;
    let section = format!("{}step_up = \"sign_in_again\"\n", provider.section("a"));
    let app = TestApp::with(&section).await;
    provider.script().claims["auth_time"] = json!(null);
    let now = 1_800_000_000_u64;
    for (query, recorded) in [
        // An ordinary sign-in, or one with a longer `max_age` than a step-up, records no time.
        ("", None),
        ("&max_age=601", None),
        // The server adds `prompt=login`: without it, the provider might not ask the user.
        ("&max_age=600", Some(now)),
        ("&max_age=600&prompt=login", Some(now)),
    ] {
        let begun = app
            .begin_at(&format!("/auth/login?provider=a{query}"))
            .await;
        let asks = begun
            .authorize
            .query_pairs()
            .any(|(name, value)| name == "prompt" && value == "login");
        assert_eq!(asks, query.contains("max_age"), "{query}");
        let callback = provider.approve(&begun);
        let signed_in = tokens(app.finish(&begun.cookie, &callback).await).await;
        let auth_time = claims(&signed_in.access_token)["auth_time"].as_u64();
        assert_eq!(auth_time, recorded, "{query}");
    }
    // A time that the provider does send is checked.
    provider.script().claims["auth_time"] = json!(now - 5000);
    let begun = app
        .begin_at("/auth/login?provider=a&max_age=600&prompt=login")
        .await;
    let callback = provider.approve(&begun);
    let response = app.finish(&begun.cookie, &callback).await;
    assert_eq!(code(response).await, (400, "step_up_required".into()));
}

#[tokio::test]
async fn a_step_up_with_the_demo_provider_opens_a_new_session() {
    let app = TestApp::start().await;
    let old = app.sign_in().await;
    app.clock.advance(Duration::from_hours(1));
    let begun = app
        .begin_at("/auth/login?provider=demo&prompt=login&max_age=600&return_to=/sessions")
        .await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let new = tokens(app.finish(&begun.cookie, &callback).await).await;
    let (before, after) = (claims(&old.access_token), claims(&new.access_token));
    assert_eq!(before["sub"], after["sub"]);
    assert_ne!(before["sid"], after["sid"]);
    assert_eq!(after["auth_time"], 1_800_003_600);
}

#[tokio::test]
async fn invalid_prompt_and_max_age_are_refused() {
    let app = TestApp::start().await;
    for query in [
        "prompt=none",
        "prompt=consent",
        "max_age=-1",
        "max_age=x",
        "max_age=1.5",
    ] {
        let path = format!("/auth/login?provider=demo&{query}");
        let response = app.get(&path).send().await.expect("a response");
        assert_eq!(
            code(response).await,
            (400, "invalid_request".into()),
            "{query}"
        );
    }
    app.begin_at("/auth/login?provider=demo&prompt=select_account")
        .await;
}
