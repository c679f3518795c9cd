//! Too much of one thing: 429 and `Retry-After`, and nobody else is kept out.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use crate::app::{Prover, TestApp};
use crate::dpop::World;
use latchkey_testing::{Begun, ScriptedProvider, code, header, tokens};

const PATIENCE: Duration = Duration::from_secs(30);
const TOO_MANY: (u16, &str) = (429, "too_many_requests");

async fn limited(limits: &str) -> TestApp {
    TestApp::with(&format!("demo = true\n[limits]\n{limits}\n")).await
}

async fn login(app: &TestApp) -> Response {
    let request = app.get("/auth/login?provider=demo");
    request.send().await.expect("an answer")
}

async fn revoking(app: &TestApp, token: &str) -> Response {
    let request = app.post("/auth/revoke").form(&[("token", token)]);
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
    let finish = async || {
        let answer = app.finish(&begun.cookie, &callback).await;
        if answer.status() == 429 {
            assert_eq!(header(&answer, "retry-after"), "1");
            return false;
        }
        assert_eq!(answer.status(), 200);
        true
    };
    tokio::time::timeout(PATIENCE, async { while !finish().await {} })
        .await
        .expect("it comes back");
}

#[tokio::test]
async fn security_72_what_is_no_token_is_limited_by_address_and_good_ones_are_not() {
    let app = limited("per_address = \"5/h\"").await;
    let first = app.sign_in().await;
    // Of three left, one each.
    app.refresh_is_refused("no token of ours").await;
    app.revoke("no token of ours").await;
    let json = json!({ "grant_type": "refresh_token", "refresh_token": "none" });
    let by_json = || app.post("/auth/refresh").json(&json).send();
    assert_eq!(by_json().await.expect("an answer").status(), 400);

    is_too_many(app.refresh("no token of ours", None).await).await;
    is_too_many(by_json().await.expect("an answer")).await;
    is_too_many(revoking(&app, "none").await).await;

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
    is_too_many(refused).await;
    is_too_many(revoking(&app, &session.refresh_token).await).await;
    is_too_many(revoking(&app, &session.access_token).await).await;
    // It costs nothing but time: the session lives, and so do others of the account.
    assert_eq!(app.check(&session.access_token).await, Ok(()));
    let other = app.sign_in().await;
    app.refreshed(&other.refresh_token).await;
    // Who wants to leave can.
    assert_eq!(app.log_out(&session.access_token).await.status(), 204);

    // One token of an ended session is no way around it.
    for status in [200, 200, 429] {
        let answer = revoking(&app, &other.refresh_token).await;
        assert_eq!(answer.status(), status);
    }
}

#[tokio::test]
async fn security_72_who_copied_a_token_cannot_use_up_its_owners_refreshes() {
    let provider = ScriptedProvider::start().await;
    let world = World::with(&format!(
        "trusted_proxies = [\"127.0.0.1\"]\n[limits]\nper_session = \"3/h\"\n{}",
        provider.section("a")
    ))
    .await;
    let begun = world.app.begin("a").await;
    let callback = provider.approve(&begun);
    let bound = world.sign_in_with(&begun.cookie, &callback).await;
    let plain = tokens(provider.sign_in(&world.app, "a").await).await;
    let thief = Prover::new();
    for stolen in [&bound.refresh_token, &plain.refresh_token] {
        let mut left = 20;
        loop {
            // Whatever key he makes up for it.
            let proof = match left % 3 {
                0 => None,
                1 => Some(world.proof_of(&thief).await),
                _ => Some(world.proof_of(&Prover::new()).await),
            };
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", stolen.as_str()),
            ];
            let request = world.app.post("/auth/token").form(&form);
            let request = request.header("idempotency-key", "his");
            let request = request.header("x-forwarded-for", "198.51.100.66");
            let request = proof
                .iter()
                .fold(request, |it, proof| it.header("dpop", proof));
            if request.send().await.expect("an answer").status() == 429 {
                break;
            }
            left -= 1;
            assert!(left > 16, "he is not stopped");
        }
    }
    world.refreshed(&bound.refresh_token).await;
    // Of a token that is not bound to a key the copy was used first: its owner ends it, at once.
    world.app.clock.advance(Duration::from_secs(11));
    world.app.refresh_is_refused(&plain.refresh_token).await;
    let check = world.app.check(&plain.access_token).await;
    assert_eq!(check, Err("token_revoked".into()));
}

#[tokio::test]
async fn security_71_addresses_are_told_apart_by_the_word_of_trusted_proxies_alone() {
    async fn login_from(app: &TestApp, address: &str) -> u16 {
        let request = app.get("/auth/login?provider=a");
        let request = request.header("x-forwarded-for", address).send();
        request.await.expect("an answer").status().as_u16()
    }
    let provider = ScriptedProvider::start().await;
    let limits = "[limits]\nper_address = \"1/h\"\n".to_owned() + &provider.section("a");
    let believed = "trusted_proxies = [\"127.0.0.0/8\"]\n";
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

    let app = TestApp::with(&limits).await;
    assert_eq!(login_from(&app, "198.51.100.1").await, 303);
    assert_eq!(login_from(&app, "198.51.100.2").await, 429);
}

#[tokio::test]
async fn security_72_a_large_ipv6_network_has_no_more_than_its_share() {
    let provider = ScriptedProvider::start().await;
    let limits = "[limits]\nper_address = \"2/h\"\n".to_owned() + &provider.section("a");
    let app = TestApp::with(&format!("trusted_proxies = [\"127.0.0.1\"]\n{limits}")).await;
    let mut begun = 0;
    for net in 0..0x100 {
        let request = app.get("/auth/login?provider=a");
        let address = format!("2001:db8:1:{net:x}00::1");
        let answer = request.header("x-forwarded-for", address).send().await;
        begun += usize::from(answer.expect("an answer").status() == 303);
    }
    // Sixteen times that of one address, not a share for each of its 65,536 networks.
    assert_eq!(begun, 32);
}

#[tokio::test]
async fn security_71_the_list_of_sessions_shows_the_address_behind_the_proxy() {
    async fn seen(app: &TestApp, provider: &ScriptedProvider, forwarded: &str) -> String {
        let begun = app.begin("a").await;
        let mut form = provider.approve(&begun);
        form.insert("grant_type".into(), "authorization_code".into());
        let request = app.post("/auth/token").header("cookie", &begun.cookie);
        let request = request.header("x-forwarded-for", forwarded);
        let answer = request.form(&form).send().await.expect("an answer");
        let session = tokens(answer).await;
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
        // As proxies write them: with the port, in brackets, as IPv4 in IPv6.
        ("203.0.113.9:51234", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[::ffff:203.0.113.9]:443", "203.0.113.9"),
        (" 203.0.113.9\t", "203.0.113.9"),
        ("unknown, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 127.0.0.1:80", "203.0.113.9"),
        // What is not an address hides the ones before it, which anyone may have written.
        ("203.0.113.9, unknown", "127.0.0.1"),
        ("203.0.113.9, 203.0.113.9:port", "127.0.0.1"),
        ("203.0.113.9, [2001:db8::1", "127.0.0.1"),
        ("203.0.113.9,", "127.0.0.1"),
        ("", "127.0.0.1"),
    ] {
        assert_eq!(
            seen(&app, &provider, forwarded).await,
            address,
            "{forwarded:?}"
        );
    }
    let app = TestApp::with(&config).await;
    let not_believed = seen(&app, &provider, "198.51.100.7").await;
    assert_eq!(not_believed, "127.0.0.1");
}

#[tokio::test]
async fn security_72_codes_that_somebody_made_up_are_few() {
    let provider = ScriptedProvider::start().await;
    let limits = "trusted_proxies = [\"127.0.0.1\"]\n[limits]\nper_address = \"1000/h\"\n";
    let app = TestApp::with(&format!("{limits}{}", provider.section("a"))).await;
    provider.refuse(&json!({ "error": "invalid_grant" }));
    loop {
        let request = app.get("/auth/login?provider=a");
        let request = request.header("x-forwarded-for", "198.51.100.1");
        let answer = request.send().await.expect("an answer");
        if answer.status() == 429 {
            break;
        }
        let begun = Begun::of(&answer);
        let callback = provider.approve(&begun);
        let request = app.completion(&begun.cookie, &callback);
        let request = request.header("x-forwarded-for", "198.51.100.1");
        let answer = request.send().await.expect("an answer");
        assert!(matches!(answer.status().as_u16(), 400 | 429));
    }
    // Each costs ten besides its two requests.
    let exchanged = provider.count("/token");
    assert!((50..=100).contains(&exchanged), "{exchanged}");
    // Nobody else is kept out.
    provider.script().instead.clear();
    tokens(provider.sign_in(&app, "a").await).await;
}
