//! Too much of one thing: 429 and `Retry-After`, and nobody else is kept out.

use reqwest::Response;
use serde_json::Value;

use crate::app::{Prover, TestApp, code, header};
use crate::dpop::World;

const TOO_MANY: (u16, &str) = (429, "too_many_requests");

async fn limited(limits: &str) -> TestApp {
    TestApp::with(&format!("demo = true\n[limits]\n{limits}\n")).await
}

async fn login(app: &TestApp) -> Response {
    let request = app.get("/auth/login?provider=demo");
    request.send().await.expect("an answer")
}

async fn is_too_many(answer: Response) {
    let seconds: u64 = header(&answer, "retry-after").parse().expect("seconds");
    assert!((1..=3600).contains(&seconds), "{seconds}");
    let (status, code) = code(answer).await;
    assert_eq!((status, &*code), TOO_MANY);
}

#[tokio::test]
async fn security_72_sign_ins_are_limited_by_address_and_who_is_signed_in_stays_it() {
    // A sign-in is begun and finished: two.
    let app = limited("per_address = \"6/h\"").await;
    let session = app.sign_in().await;
    let pending = app.begin("demo").await;
    let callback = app.approve(&pending, "grace@example.com").await;
    for _ in 0..3 {
        assert_eq!(login(&app).await.status(), 303);
    }
    is_too_many(login(&app).await).await;
    is_too_many(app.finish(&pending.cookie, &callback).await).await;
    // A person's browser is led to a page.
    let request = app.get("/auth/login?provider=demo");
    let request = request.header("accept", "text/html").send();
    let answer = request.await.expect("an answer");
    assert_eq!(answer.status(), 303);
    assert_eq!(
        header(&answer, "location"),
        "/callback?error=too_many_requests"
    );

    let session = app.refreshed(&session.refresh_token).await;
    assert_eq!(app.check(&session.access_token).await, Ok(()));
    assert_eq!(app.log_out(&session.access_token).await.status(), 204);
}

#[tokio::test]
async fn security_72_a_refused_sign_in_is_not_used_up() {
    let app = limited("per_address = \"3/s\"").await;
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let mut left = 100;
    while login(&app).await.status() == 303 {
        left -= 1;
        assert!(left > 0, "nothing is refused");
    }
    // What is used comes back by and by.
    loop {
        let answer = app.finish(&begun.cookie, &callback).await;
        if answer.status() != 429 {
            assert_eq!(answer.status(), 200);
            break;
        }
        assert_eq!(header(&answer, "retry-after"), "1");
    }
}

#[tokio::test]
async fn security_72_tokens_that_are_not_good_are_limited_by_address_and_good_ones_are_not() {
    let app = limited("per_address = \"8/h\"").await;
    let first = app.sign_in().await;
    let other = app.sign_in().await;
    app.revoke(&other.refresh_token).await;
    // Of four left, one each.
    app.refresh_is_refused(&other.refresh_token).await;
    app.refresh_is_refused("no token of ours").await;
    app.revoke("no token of ours").await;
    let json = serde_json::json!({ "grant_type": "refresh_token", "refresh_token": "none" });
    let by_json = || app.post("/auth/refresh").json(&json).send();
    assert_eq!(by_json().await.expect("an answer").status(), 400);

    is_too_many(app.refresh("no token of ours", None).await).await;
    is_too_many(app.refresh(&other.refresh_token, None).await).await;
    is_too_many(by_json().await.expect("an answer")).await;
    let revoke = app.post("/auth/revoke").form(&[("token", "none")]).send();
    is_too_many(revoke.await.expect("an answer")).await;

    let second = app.refreshed(&first.refresh_token).await;
    app.revoke(&second.access_token).await;
    app.revoke(&second.refresh_token).await;
}

#[tokio::test]
async fn security_72_refreshes_are_limited_by_session() {
    let app = limited("per_session = \"3/h\"").await;
    let mut session = app.sign_in().await;
    for _ in 0..3 {
        session = app.refreshed(&session.refresh_token).await;
    }
    let refused = app.refresh(&session.refresh_token, None).await;
    assert_eq!(header(&refused, "content-type"), "application/json");
    is_too_many(refused).await;
    // It costs nothing but time: the session lives, and so do others of the account.
    assert_eq!(app.check(&session.access_token).await, Ok(()));
    let other = app.sign_in().await;
    app.refreshed(&other.refresh_token).await;
}

#[tokio::test]
async fn security_72_who_copied_a_bound_token_cannot_use_up_its_owners_refreshes() {
    let world = World::with("demo = true\n[limits]\nper_session = \"2/h\"").await;
    let first = world.sign_in().await;
    let stolen = &*first.refresh_token;
    for key in [Prover::new(), Prover::new()] {
        for status in [400, 400, 429] {
            let proof = world.proof_of(&key).await;
            assert_eq!(world.refresh(stolen, &[&proof]).await.status(), status);
        }
    }
    for status in [400, 400, 429] {
        assert_eq!(world.refresh(stolen, &[]).await.status(), status);
    }
    world.refreshed(stolen).await;
}

#[tokio::test]
async fn security_71_addresses_are_told_apart_by_the_word_of_trusted_proxies_alone() {
    async fn login_from(app: &TestApp, address: &str) -> u16 {
        let request = app.get("/auth/login?provider=demo");
        let request = request.header("x-forwarded-for", address).send();
        request.await.expect("an answer").status().as_u16()
    }
    let limits = "[limits]\nper_address = \"1/h\"\n";
    let believed = "demo = true\ntrusted_proxies = [\"127.0.0.0/8\"]\n";
    let app = TestApp::with(&format!("{believed}{limits}")).await;
    for (address, status) in [
        ("198.51.100.1", 303),
        ("198.51.100.1", 429),
        ("198.51.100.2", 303),
        // Whatever it claims before what the proxy says.
        ("203.0.113.9, 198.51.100.2", 429),
        // A network of 64 bits is one subscriber.
        ("2001:db8:1:2::1", 303),
        ("2001:db8:1:2:3::2", 429),
        ("2001:db8:1:3::1", 303),
    ] {
        assert_eq!(login_from(&app, address).await, status, "{address}");
    }

    let app = TestApp::with(&format!("demo = true\n{limits}")).await;
    assert_eq!(login_from(&app, "198.51.100.1").await, 303);
    assert_eq!(login_from(&app, "198.51.100.2").await, 429);
}

#[tokio::test]
async fn security_71_the_list_of_sessions_shows_the_address_behind_the_proxy() {
    async fn seen(config: &str) -> Value {
        let app = TestApp::with(config).await;
        let begun = app.begin("demo").await;
        let mut form = app.approve(&begun, "ada@example.com").await;
        form.insert("grant_type".into(), "authorization_code".into());
        let request = app.post("/auth/token").header("cookie", &begun.cookie);
        let request = request.header("x-forwarded-for", "198.51.100.7");
        let answer = request.form(&form).send().await.expect("an answer");
        let session = crate::app::tokens(answer).await;
        let list = app.get_as("/api/sessions", &session.access_token).await;
        list.json().await.expect("JSON")
    }
    let believed = seen("demo = true\ntrusted_proxies = [\"127.0.0.1\"]").await;
    assert!(believed.to_string().contains("198.51.100.7"), "{believed}");
    let not = seen("demo = true").await;
    assert!(!not.to_string().contains("198.51.100.7"), "{not}");
}
