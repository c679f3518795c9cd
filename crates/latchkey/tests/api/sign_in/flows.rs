//! A pending sign-in is stored only in the browser: each has its own cookie.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use reqwest::Response;
use reqwest::header::{COOKIE, SET_COOKIE};
use tokio::task::JoinSet;

use crate::app::{TestApp, claims};
use latchkey_testing::{Callback, PendingSignIn, ScriptedProvider, code, header, location, tokens};

/// The cookie jar of one browser.
#[derive(Default)]
struct Jar(BTreeMap<String, String>);

impl Jar {
    /// Stores and deletes cookies as the response says.
    fn update(&mut self, response: &Response) {
        for header in response.headers().get_all(SET_COOKIE) {
            let header = header.to_str().expect("text");
            let (pair, attributes) = header.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a pair");
            if attributes.contains("Max-Age=0") {
                self.0.remove(name);
            } else {
                assert!(header.len() < 4096, "{} bytes", header.len());
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The `Cookie` header of the next request.
    fn header(&self) -> String {
        let pairs = self.0.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    async fn begin(&mut self, app: &TestApp, query: &str) -> PendingSignIn {
        let request = app.get(&format!("/auth/login?provider=demo{query}"));
        let response = request.header(COOKIE, self.header()).send().await;
        let response = response.expect("a response");
        self.update(&response);
        PendingSignIn::from_redirect(&response)
    }

    async fn finish(&mut self, app: &TestApp, callback: &Callback) -> Response {
        let response = app.finish(&self.header(), callback).await;
        self.update(&response);
        response
    }
}

async fn refused(response: Response, why: &str) {
    let expected = (400, "sign_in_not_found".into());
    assert_eq!(code(response).await, expected, "{why}");
}

fn size(folder: &Path) -> u64 {
    let mut total = 0;
    for entry in std::fs::read_dir(folder).expect("a directory") {
        let entry = entry.expect("an entry");
        let metadata = entry.metadata().expect("metadata");
        total += if metadata.is_dir() {
            size(&entry.path())
        } else {
            metadata.len()
        };
    }
    total
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_82_sign_ins_started_by_strangers_store_nothing() {
    let app = TestApp::with("demo = true\n[limits]\nper_address = \"off\"").await;
    // The first completed sign-in writes records, so measure after it.
    app.sign_in().await;
    let before = size(&app.data_dir());
    let mut strangers = JoinSet::new();
    for _ in 0..10 {
        let caller = app.caller.clone();
        strangers.spawn(async move {
            let long = "a".repeat(500);
            for number in 0..300 {
                let begun = caller
                    .begin_at(&format!("/auth/login?provider=demo&return_to=/{long}"))
                    .await;
                // A forged callback stores nothing either.
                if number % 10 == 0 {
                    let request: Callback = begun.authorize.query_pairs().into_owned().collect();
                    let mut forged = Callback::new();
                    forged.insert("code".into(), "invented".into());
                    forged.insert("iss".into(), format!("{}/demo", caller.url));
                    for name in ["state", "redirect_uri"] {
                        forged.insert(name.into(), request[name].clone());
                    }
                    let response = caller.finish(&begun.cookie, &forged).await;
                    assert_eq!(code(response).await, (400, "provider_refused".into()));
                }
            }
        });
    }
    strangers.join_all().await;
    let grown = size(&app.data_dir()).saturating_sub(before);
    assert!(grown < 32 * 1024, "3,000 sign-ins left {grown} bytes");
}

#[tokio::test]
async fn security_85_no_secret_of_a_pending_sign_in_is_stored_or_exported() {
    let provider = ScriptedProvider::start().await;
    let config = format!("admins = [\"ada@example.com\"]\n{}", provider.section("a"));
    let app = TestApp::with(&config).await;
    let admin = tokens(provider.sign_in(&app, "a").await).await;
    let begun = app.begin("a").await;
    let mut request: Callback = begun.authorize.query_pairs().into_owned().collect();
    let (name, sealed) = begun.cookie.split_once('=').expect("a pair");
    let id = name.trim_start_matches("latchkey-flow-").to_owned();
    let secrets = [
        request.remove("state").expect("a state"),
        request.remove("nonce").expect("a nonce"),
        sealed.to_owned(),
        id,
    ];
    let export = app.get_as("/api/admin/export", &admin.access_token).await;
    assert_eq!(export.status(), 200);
    let mut stored = vec![export.bytes().await.expect("a backup").to_vec()];
    read_all(&app.data_dir(), &mut stored);
    for secret in &secrets {
        let contains_secret = |stored: &Vec<u8>| {
            stored
                .windows(secret.len())
                .any(|it| it == secret.as_bytes())
        };
        assert!(!stored.iter().any(contains_secret), "{secret} is stored");
    }
}

/// Reads every file below this folder.
fn read_all(folder: &Path, into: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_all(&path, into);
        } else {
            into.extend(std::fs::read(&path));
        }
    }
}

#[tokio::test]
async fn four_concurrent_sign_ins_finish_in_any_order_each_as_its_own_user() {
    let app = TestApp::start().await;
    // None of these requests carries the cookie of another sign-in.
    let start = || app.get("/auth/login?provider=demo").send();
    let responses = tokio::join!(start(), start(), start(), start());
    let mut jar = Jar::default();
    let mut tabs = Vec::new();
    let responses = <[_; 4]>::from(responses);
    for (response, name) in responses.into_iter().zip(["ada", "bob", "cleo", "dan"]) {
        let response = response.expect("a response");
        jar.update(&response);
        tabs.push((
            PendingSignIn::from_redirect(&response),
            format!("{name}@example.com"),
        ));
    }
    for tab in [2, 0, 3, 1] {
        let (begun, email) = &tabs[tab];
        let callback = app.approve(begun, email).await;
        let signed_in = tokens(jar.finish(&app, &callback).await).await;
        assert_eq!(claims(&signed_in.access_token)["email"], email.as_str());
    }
    assert!(jar.0.is_empty(), "{:?}", jar.0.keys());
}

#[tokio::test]
async fn a_sign_in_started_while_another_finishes_is_not_lost() {
    let app = TestApp::start().await;
    let mut jar = Jar::default();
    let first = jar.begin(&app, "&return_to=/account").await;
    let callback = app.approve(&first, "ada@example.com").await;
    // The first callback is sent with the cookies from before the second tab's sign-in.
    let old_cookies = jar.header();
    let second = jar.begin(&app, "&return_to=/playground").await;
    let response = app.finish(&old_cookies, &callback).await;
    jar.update(&response);
    tokens(response).await;
    let callback = app.approve(&second, "bob@example.com").await;
    let bob = tokens(jar.finish(&app, &callback).await).await;
    assert_eq!(claims(&bob.access_token)["email"], "bob@example.com");
    assert_eq!(bob.return_to.as_deref(), Some("/playground"));
}

#[tokio::test]
async fn security_82_a_browser_has_at_most_six_pending_sign_ins_and_keeps_the_newest() {
    let app = TestApp::start().await;
    let mut jar = Jar::default();
    let long = format!("&return_to=/{}", "a".repeat(511));
    let mut tabs = Vec::new();
    for _ in 0..12 {
        app.clock.advance(Duration::from_secs(1));
        tabs.push(jar.begin(&app, &long).await);
        assert!(jar.0.len() <= 6, "{} cookies", jar.0.len());
    }
    // The headers of a request are limited to 16 KiB.
    assert!(jar.header().len() < 8 * 1024, "{}", jar.header().len());
    for (number, begun) in tabs.iter().enumerate() {
        let callback = app.approve(begun, "ada@example.com").await;
        let response = jar.finish(&app, &callback).await;
        if number < 6 {
            refused(response, "displaced by newer ones").await;
        } else {
            tokens(response).await;
        }
    }
}

#[tokio::test]
async fn sign_ins_at_another_server_on_this_host_are_kept() {
    // Cookies ignore ports: a browser sends them to both servers.
    let (one, other) = (TestApp::start().await, TestApp::start().await);
    let mut jar = Jar::default();
    let mut tabs = Vec::new();
    for app in [&one, &other, &one, &other] {
        tabs.push((app, jar.begin(app, "").await));
    }
    for _ in 0..6 {
        one.clock.advance(Duration::from_secs(1));
        jar.begin(&one, "").await;
    }
    for (app, begun) in &tabs {
        let callback = app.approve(begun, "ada@example.com").await;
        let response = jar.finish(app, &callback).await;
        if app.url == other.url {
            tokens(response).await;
        } else {
            refused(response, "displaced by newer ones").await;
        }
    }
}

#[tokio::test]
async fn security_3_an_altered_swapped_or_expired_flow_cookie_is_refused() {
    let (app, other) = (TestApp::start().await, TestApp::start().await);
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    let (name, sealed) = begun.cookie.split_once('=').expect("a pair");
    for at in (0..sealed.len()).step_by(7) {
        let mut changed = sealed.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        let response = app.finish(&format!("{name}={changed}"), &callback).await;
        refused(response, "changed").await;
    }
    for truncated in ["", &sealed[1..], &sealed[..sealed.len() - 1]] {
        let response = app.finish(&format!("{name}={truncated}"), &callback).await;
        refused(response, "truncated").await;
    }
    // The name of this cookie with the value of another sign-in's cookie, from this server and
    // from another server.
    let second = app.begin("demo").await;
    let foreign = other.begin("demo").await;
    for begun in [&second, &foreign] {
        let (_, sealed) = begun.cookie.split_once('=').expect("a pair");
        let response = app.finish(&format!("{name}={sealed}"), &callback).await;
        refused(response, "swapped").await;
    }
    // An invalid cookie with the same name, before or after, does not hide the valid one.
    let both = format!("{name}=x; {}; {name}=", begun.cookie);
    tokens(app.finish(&both, &callback).await).await;

    let callback = app.approve(&second, "ada@example.com").await;
    app.clock.advance(Duration::from_mins(10));
    refused(app.finish(&second.cookie, &callback).await, "expired").await;
}

#[tokio::test]
async fn security_4_a_finished_sign_in_stays_finished_after_a_restart() {
    let app = TestApp::start().await;
    let begun = app.begin("demo").await;
    let callback = app.approve(&begun, "ada@example.com").await;
    tokens(app.finish(&begun.cookie, &callback).await).await;
    let app = app.restarted().await;
    refused(app.finish(&begun.cookie, &callback).await, "replayed").await;
}

#[tokio::test]
async fn a_link_scanner_that_opens_the_callback_first_does_not_consume_the_sign_in() {
    let app = TestApp::start().await;
    let begun = app.begin("demo").await;
    let response = app.approval(&begun, "ada@example.com").send().await;
    let back = location(&response.expect("a response"));
    let path = back.as_str().trim_start_matches(&*app.url);
    for _ in 0..2 {
        for request in [app.get(path), app.http.head(back.clone())] {
            let response = request.send().await.expect("a response");
            assert_eq!(header(&response, "set-cookie"), "");
        }
    }
    // A scanner that runs scripts, in a browser that did not start the sign-in.
    let mut callback: Callback = back.query_pairs().into_owned().collect();
    callback.insert("redirect_uri".into(), format!("{}/callback/demo", app.url));
    refused(app.finish("", &callback).await, "no cookie").await;
    let another = app.begin("demo").await;
    refused(
        app.finish(&another.cookie, &callback).await,
        "cookie of another sign-in",
    )
    .await;
    tokens(app.finish(&begun.cookie, &callback).await).await;
}
