//! Rate limits: 429 with `Retry-After`, without locking out other users.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use crate::app::{Prover, TestApp};
use crate::dpop::DpopClient;
use latchkey_testing::{PendingSignIn, ScriptedProvider, code, header, tokens};

const RETRY_TIMEOUT: Duration = Duration::from_secs(30);
const TOO_MANY: (u16, &str) = (429, "too_many_requests");

async fn limited(limits: &str) -> TestApp {
    TestApp::with(&format!("demo = true\n[limits]\n{limits}\n")).await
}

async fn login(app: &TestApp) -> Response {
    let request = app.get("/auth/login?provider=demo");
    request.send().await.expect("a response")
}

async fn revoke(app: &TestApp, token: &str) -> Response {
    let request = app.post("/auth/revoke").form(&[("token", token)]);
    request.send().await.expect("a response")
}

async fn assert_too_many(response: Response) {
    let seconds: u64 = header(&response, "retry-after").parse().expect("seconds");
    assert!((1..=3600).contains(&seconds), "{seconds}");
    let (status, code) = code(response).await;
    assert_eq!((status, &*code), TOO_MANY);
}

#[tokio::test]
async fn security_72_sign_ins_are_limited_by_address_and_sessions_keep_working() {
    // Each complete sign-in counts as two requests: its start and its callback.
    let app = limited("per_address = \"6/h\"").await;
    let session = app.sign_in().await;
    let pending = app.begin("demo").await;
    let callback = app.approve(&pending, "grace@example.com").await;
    for _ in 0..3 {
        assert_eq!(login(&app).await.status(), 303);
    }
    assert_too_many(login(&app).await).await;
    assert_too_many(app.finish(&pending.cookie, &callback).await).await;
    // A browser is redirected to a page.
    let request = app.get("/auth/login?provider=demo");
    let request = request.header("accept", "text/html").send();
    let response = request.await.expect("a response");
    assert_eq!(response.status(), 303);
    assert_eq!(
        header(&response, "location"),
        "/callback?error=too_many_requests"
    );

    let session = app.refreshed(&session.refresh_token).await;
    assert_eq!(app.check(&session.access_token).await, Ok(()));
    assert_eq!(app.log_out(&session.access_token).await.status(), 204);
}

#[tokio::test]
async fn security_72_a_rate_limited_callback_can_be_retried() {
    let app = limited("per_address = \"3/s\"").await;
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let mut left = 100;
    while login(&app).await.status() == 303 {
        left -= 1;
        assert!(left > 0, "no request was refused");
    }
    // The limit refills over time.
    let finish = async || {
        let response = app.finish(&begun.cookie, &callback).await;
        if response.status() == 429 {
            assert_eq!(header(&response, "retry-after"), "1");
            return false;
        }
        assert_eq!(response.status(), 200);
        true
    };
    tokio::time::timeout(RETRY_TIMEOUT, async { while !finish().await {} })
        .await
        .expect("the limit never refilled");
}

#[tokio::test]
async fn security_72_invalid_tokens_are_limited_by_address_and_valid_ones_are_not() {
    let app = limited("per_address = \"5/h\"").await;
    let first = app.sign_in().await;
    // The sign-in counted as two requests. Three requests are left, one for each endpoint.
    app.refresh_is_refused("not-our-token").await;
    app.revoke("not-our-token").await;
    let json = json!({ "grant_type": "refresh_token", "refresh_token": "none" });
    let by_json = || app.post("/auth/refresh").json(&json).send();
    assert_eq!(by_json().await.expect("a response").status(), 400);

    assert_too_many(app.refresh("not-our-token", None).await).await;
    assert_too_many(by_json().await.expect("a response")).await;
    assert_too_many(revoke(&app, "none").await).await;

    let second = app.refreshed(&first.refresh_token).await;
    app.revoke(&second.access_token).await;
    app.revoke(&second.refresh_token).await;
    app.refresh_is_refused(&second.refresh_token).await;
}

#[tokio::test]
async fn security_72_refreshes_and_revocations_are_limited_by_session() {
    let app = limited("per_session = \"3/h\"").await;
    let mut session = app.sign_in().await;
    for _ in 0..3 {
        session = app.refreshed(&session.refresh_token).await;
    }
    let refused = app.refresh(&session.refresh_token, None).await;
    assert_eq!(header(&refused, "content-type"), "application/json");
    assert_too_many(refused).await;
    assert_too_many(revoke(&app, &session.refresh_token).await).await;
    assert_too_many(revoke(&app, &session.access_token).await).await;
    // The limit only delays: the session stays live, and so do the user's other sessions.
    assert_eq!(app.check(&session.access_token).await, Ok(()));
    let other = app.sign_in().await;
    app.refreshed(&other.refresh_token).await;
    // Signing out is still possible.
    assert_eq!(app.log_out(&session.access_token).await.status(), 204);

    // The limit also applies to a token of an ended session.
    for status in [200, 200, 429] {
        let response = revoke(&app, &other.refresh_token).await;
        assert_eq!(response.status(), status);
    }
}

#[tokio::test]
async fn security_72_a_thief_with_a_copied_token_cannot_exhaust_its_owners_refreshes() {
    let provider = ScriptedProvider::start().await;
    let client = DpopClient::with(&format!(
        "trusted_proxies = [\"127.0.0.1\"]\n[limits]\nper_session = \"3/h\"\n{}",
        provider.section("a")
    ))
    .await;
    let begun = client.app.begin("a").await;
    let callback = provider.approve(&begun);
    let bound = client.sign_in_with(&begun.cookie, &callback).await;
    let plain = tokens(provider.sign_in(&client.app, "a").await).await;
    let thief = Prover::new();
    for stolen in [&bound.refresh_token, &plain.refresh_token] {
        let mut left = 20;
        loop {
            // In turn: no proof, a proof with the thief's key, and one with a new key each time.
            let proof = match left % 3 {
                0 => None,
                1 => Some(client.proof_of(&thief).await),
                _ => Some(client.proof_of(&Prover::new()).await),
            };
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", stolen.as_str()),
            ];
            let request = client.app.post("/auth/token").form(&form);
            let request = request.header("idempotency-key", "the-thiefs");
            let request = request.header("x-forwarded-for", "198.51.100.66");
            let request = proof
                .iter()
                .fold(request, |it, proof| it.header("dpop", proof));
            if request.send().await.expect("a response").status() == 429 {
                break;
            }
            left -= 1;
            assert!(left > 16, "the thief is not limited");
        }
    }
    client.refreshed(&bound.refresh_token).await;
    // The thief used the unbound token first, so its owner's refresh is a replay and ends the
    // session.
    client.app.clock.advance(Duration::from_secs(11));
    client.app.refresh_is_refused(&plain.refresh_token).await;
    let check = client.app.check(&plain.access_token).await;
    assert_eq!(check, Err("token_revoked".into()));
}

#[tokio::test]
async fn security_71_only_trusted_proxies_determine_the_client_address() {
    async fn login_from(app: &TestApp, address: &str) -> u16 {
        let request = app.get("/auth/login?provider=a");
        let request = request.header("x-forwarded-for", address).send();
        request.await.expect("a response").status().as_u16()
    }
    let provider = ScriptedProvider::start().await;
    let limits = "[limits]\nper_address = \"1/h\"\n".to_owned() + &provider.section("a");
    let trusted = "trusted_proxies = [\"127.0.0.0/8\"]\n";
    let app = TestApp::with(&format!("{trusted}{limits}")).await;
    for (address, status) in [
        ("198.51.100.1", 303),
        ("198.51.100.1", 429),
        ("198.51.100.2", 303),
        // Only the last address, which the proxy added, counts.
        ("203.0.113.9, 198.51.100.2", 429),
        // All addresses of a /64 network count as one.
        ("2001:db8:1:2::1", 303),
        ("2001:db8:1:2:3::2", 429),
        ("2001:db8:1:3::1", 303),
    ] {
        assert_eq!(login_from(&app, address).await, status, "{address}");
    }

    let app = TestApp::with(&limits).await;
    assert_eq!(login_from(&app, "198.51.100.1").await, 303);
    assert_eq!(login_from(&app, "198.51.100.2").await, 429);
}

#[tokio::test]
async fn security_72_a_large_ipv6_network_is_limited_as_a_whole() {
    let provider = ScriptedProvider::start().await;
    let limits = "[limits]\nper_address = \"2/h\"\n".to_owned() + &provider.section("a");
    let app = TestApp::with(&format!("trusted_proxies = [\"127.0.0.1\"]\n{limits}")).await;
    let mut begun = 0;
    for net in 0..0x100 {
        let request = app.get("/auth/login?provider=a");
        let address = format!("2001:db8:1:{net:x}00::1");
        let response = request.header("x-forwarded-for", address).send().await;
        begun += usize::from(response.expect("a response").status() == 303);
    }
    // A /48 network gets sixteen times the limit of one address, not one limit for each of its
    // 65,536 /64 networks.
    assert_eq!(begun, 32);
}

#[tokio::test]
async fn security_71_the_session_list_shows_the_address_behind_the_proxy() {
    async fn listed_address(app: &TestApp, provider: &ScriptedProvider, forwarded: &str) -> String {
        let begun = app.begin("a").await;
        let mut form = provider.approve(&begun);
        form.insert("grant_type".into(), "authorization_code".into());
        let request = app.post("/auth/token").header("cookie", &begun.cookie);
        let request = request.header("x-forwarded-for", forwarded);
        let response = request.form(&form).send().await.expect("a response");
        let session = tokens(response).await;
        let list = app.get_as("/api/sessions", &session.access_token).await;
        let list: Value = list.json().await.expect("JSON");
        let sessions = list["sessions"].as_array().expect("a list");
        let current = sessions.iter().find(|it| it["current"] == true);
        let address = &current.expect("this session")["address"];
        address.as_str().expect("an address").to_owned()
    }
    let provider = ScriptedProvider::start().await;
    let config = provider.section("a");
    let app = TestApp::with(&format!("trusted_proxies = [\"127.0.0.1\"]\n{config}")).await;
    for (forwarded, address) in [
        ("198.51.100.7", "198.51.100.7"),
        // Formats that proxies use: with a port, in brackets, IPv4 mapped to IPv6.
        ("203.0.113.9:51234", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[::ffff:203.0.113.9]:443", "203.0.113.9"),
        (" 203.0.113.9\t", "203.0.113.9"),
        ("unknown, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 127.0.0.1:80", "203.0.113.9"),
        // An invalid entry ends the search: anyone may have written the entries before it.
        ("203.0.113.9, unknown", "127.0.0.1"),
        ("203.0.113.9, 203.0.113.9:port", "127.0.0.1"),
        ("203.0.113.9, [2001:db8::1", "127.0.0.1"),
        ("203.0.113.9,", "127.0.0.1"),
        ("", "127.0.0.1"),
    ] {
        assert_eq!(
            listed_address(&app, &provider, forwarded).await,
            address,
            "{forwarded:?}"
        );
    }
    let app = TestApp::with(&config).await;
    let untrusted = listed_address(&app, &provider, "198.51.100.7").await;
    assert_eq!(untrusted, "127.0.0.1");
}

#[tokio::test]
async fn security_72_invalid_authorization_codes_are_limited_strictly() {
    let provider = ScriptedProvider::start().await;
    let limits = "trusted_proxies = [\"127.0.0.1\"]\n[limits]\nper_address = \"1000/h\"\n";
    let app = TestApp::with(&format!("{limits}{}", provider.section("a"))).await;
    provider.refuse(&json!({ "error": "invalid_grant" }));
    loop {
        let request = app.get("/auth/login?provider=a");
        let request = request.header("x-forwarded-for", "198.51.100.1");
        let response = request.send().await.expect("a response");
        if response.status() == 429 {
            break;
        }
        let begun = PendingSignIn::from_redirect(&response);
        let callback = provider.approve(&begun);
        let request = app.completion(&begun.cookie, &callback);
        let request = request.header("x-forwarded-for", "198.51.100.1");
        let response = request.send().await.expect("a response");
        assert!(matches!(response.status().as_u16(), 400 | 429));
    }
    // A refused code costs ten requests in addition to its own two.
    let exchanged = provider.count("/token");
    assert!((50..=100).contains(&exchanged), "{exchanged}");
    // Other addresses are not limited.
    provider.script().overrides.clear();
    tokens(provider.sign_in(&app, "a").await).await;
}
