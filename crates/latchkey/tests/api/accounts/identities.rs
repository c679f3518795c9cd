//! Several identities on one account: linking, and which identity's rights a session has.

mod removal;

use std::time::Duration;

use latchkey_testing::{
    ApiClient, Callback, PendingSignIn, ScriptedGitHub, ScriptedProvider, code, cookie, header,
    tokens,
};
use latchkey_types::{ActivityKind, IdentityInfo, IdentityList, LinkStarted, TokenResponse};
use reqwest::Response;
use reqwest::header::COOKIE;
use serde_json::json;

use crate::app::{TestApp, claims};

/// Two providers, `main` and `other`, at which Ada has different subjects and addresses.
struct Fixture {
    app: TestApp,
    main: ScriptedProvider,
    other: ScriptedProvider,
}

impl Fixture {
    async fn start(settings: &str) -> Self {
        let main = ScriptedProvider::start().await;
        let other = ScriptedProvider::start().await;
        other.script().claims["sub"] = json!("other-subject");
        other.script().claims["email"] = json!("ada@other.example");
        let sections = format!("{}{}", main.section("main"), other.section("other"));
        let app = TestApp::with(&format!("{settings}\n{sections}")).await;
        Self { app, main, other }
    }

    async fn sign_in(&self) -> TokenResponse {
        tokens(self.main.sign_in(&self.app, "main").await).await
    }

    async fn sign_in_with_other(&self) -> TokenResponse {
        tokens(self.other.sign_in(&self.app, "other").await).await
    }

    /// Links the identity at `other` to the account of this access token.
    async fn link(&self, access_token: &str) -> Response {
        let begun = begin_link(&self.app, access_token, "other").await;
        let callback = self.other.approve(&begun);
        complete_link(&self.app, access_token, &begun.cookie, &callback).await
    }
}

async fn link_request(client: &ApiClient, access_token: &str, provider: &str) -> Response {
    let request = client.post("/api/identities/link");
    let request = request.json(&json!({ "provider": provider }));
    let response = request.bearer_auth(access_token).send().await;
    response.expect("a response")
}

async fn begin_link(client: &ApiClient, access_token: &str, provider: &str) -> PendingSignIn {
    let response = link_request(client, access_token, provider).await;
    assert_eq!(response.status(), 200);
    let cookie = cookie(&response);
    let started: LinkStarted = response.json().await.expect("a URL");
    PendingSignIn {
        cookie,
        authorize: started.url.parse().expect("a URL"),
    }
}

async fn complete_link(
    client: &ApiClient,
    access_token: &str,
    cookie: &str,
    callback: &Callback,
) -> Response {
    let request = client.post("/api/identities").header(COOKIE, cookie);
    let request = request.json(callback).bearer_auth(access_token);
    request.send().await.expect("a response")
}

async fn identities(client: &ApiClient, access_token: &str) -> Vec<IdentityInfo> {
    let response = client.get_as("/api/identities", access_token).await;
    assert_eq!(response.status(), 200);
    let list: IdentityList = response.json().await.expect("identities");
    list.identities
}

#[tokio::test]
async fn security_97_linked_identity_signs_in_to_the_same_account() {
    let fixture = Fixture::start("").await;
    let app = &fixture.app;
    let ada = fixture.sign_in().await;
    let begun = begin_link(app, &ada.access_token, "other").await;
    let parameter = |name: &str| {
        let mut pairs = begun.authorize.query_pairs();
        let found = pairs.find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned())
    };
    // The provider must authenticate the user again.
    assert_eq!(parameter("prompt").as_deref(), Some("login"));
    assert_eq!(parameter("max_age").as_deref(), Some("600"));
    assert!(parameter("state").expect("a state").starts_with("link."));
    let callback = fixture.other.approve(&begun);
    let linked = complete_link(app, &ada.access_token, &begun.cookie, &callback).await;
    assert!(header(&linked, "set-cookie").contains("Max-Age=0"));
    assert_eq!(linked.status(), 204);

    let other = fixture.sign_in_with_other().await;
    let (one, two) = (claims(&ada.access_token), claims(&other.access_token));
    assert_eq!(one["sub"], two["sub"]);
    let listed = identities(app, &other.access_token).await;
    let listed: Vec<_> = listed
        .iter()
        .map(|it| (it.id.as_str(), it.provider.as_deref(), it.current))
        .collect();
    let expected = [("0", Some("main"), false), ("1", Some("other"), true)];
    assert_eq!(listed, expected);
    let kinds = app.kinds(&ada.access_token).await;
    let expected = [
        ActivityKind::SignedIn,
        ActivityKind::IdentityLinked,
        ActivityKind::SignedIn,
    ];
    assert_eq!(kinds, expected);
    // Linking it again changes nothing.
    assert_eq!(fixture.link(&ada.access_token).await.status(), 204);
    assert_eq!(identities(app, &ada.access_token).await.len(), 2);
}

#[tokio::test]
async fn security_97_linking_needs_a_recent_sign_in_and_a_fresh_one_at_the_provider() {
    let fixture = Fixture::start("").await;
    let app = &fixture.app;
    let ada = fixture.sign_in().await;
    let none = app
        .post("/api/identities/link")
        .json(&json!({ "provider": "other" }));
    let none = none.send().await.expect("a response");
    assert_eq!(code(none).await, (401, "token_missing".into()));
    // The user authenticated at the other provider long ago.
    let stale = 1_800_000_000 - 3600;
    fixture.other.script().claims["auth_time"] = json!(stale);
    let response = fixture.link(&ada.access_token).await;
    assert_eq!(code(response).await, (400, "step_up_required".into()));
    app.clock.advance(Duration::from_mins(11));
    let later = app.refreshed(&ada.refresh_token).await.access_token;
    let response = link_request(app, &later, "other").await;
    assert_eq!(code(response).await, (401, "step_up_required".into()));
    assert_eq!(identities(app, &later).await.len(), 1);
}

#[tokio::test]
async fn security_97_flow_is_completed_only_by_the_session_and_browser_that_began_it() {
    let fixture = Fixture::start("").await;
    let app = &fixture.app;
    let ada = fixture.sign_in().await;
    let same_user = fixture.sign_in().await;
    fixture.main.script().claims["sub"] = json!("mallory");
    let mallory = fixture.sign_in().await;
    let not_found = (400, "sign_in_not_found".to_owned());

    // One session begins the flow, and another tries to complete it.
    for (begins, completes) in [(&mallory, &ada), (&ada, &mallory), (&ada, &same_user)] {
        let begun = begin_link(app, &begins.access_token, "other").await;
        let callback = fixture.other.approve(&begun);
        let access = &completes.access_token;
        let response = complete_link(app, access, &begun.cookie, &callback).await;
        assert_eq!(code(response).await, not_found);
        // Without the cookie.
        let access = &begins.access_token;
        let response = complete_link(app, access, "other=1", &callback).await;
        assert_eq!(code(response).await, not_found);
    }
    // A sign-in does not link, and linking does not sign in.
    let begun = app.begin("other").await;
    let callback = fixture.other.approve(&begun);
    let response = complete_link(app, &ada.access_token, &begun.cookie, &callback).await;
    assert_eq!(code(response).await, not_found);
    let begun = begin_link(app, &ada.access_token, "other").await;
    let callback = fixture.other.approve(&begun);
    let response = app.finish(&begun.cookie, &callback).await;
    assert_eq!(code(response).await, not_found);
    // None of this used up the flow, or reached the provider.
    assert_eq!(fixture.other.count(ScriptedProvider::TOKEN), 0);
    let response = complete_link(app, &ada.access_token, &begun.cookie, &callback).await;
    assert_eq!(response.status(), 204);
    // It can be completed only once.
    let response = complete_link(app, &ada.access_token, &begun.cookie, &callback).await;
    assert_eq!(code(response).await, not_found);
    // The session must be live.
    let begun = begin_link(app, &ada.access_token, "other").await;
    let callback = fixture.other.approve(&begun);
    app.log_out(&ada.access_token).await;
    let response = complete_link(app, &ada.access_token, &begun.cookie, &callback).await;
    assert_eq!(code(response).await, (401, "token_revoked".into()));
    // The response must arrive at the provider's redirect URI.
    let mut callback = callback;
    let main = callback["redirect_uri"].replace("/callback/other", "/callback/main");
    callback.insert("redirect_uri".into(), main);
    let access = &same_user.access_token;
    let begun = begin_link(app, access, "other").await;
    callback.insert(
        "state".into(),
        fixture.other.approve(&begun)["state"].clone(),
    );
    let response = complete_link(app, access, &begun.cookie, &callback).await;
    assert_eq!(code(response).await, (400, "provider_invalid".into()));
}

#[tokio::test]
async fn identity_of_another_account_is_not_linked() {
    let fixture = Fixture::start("").await;
    let app = &fixture.app;
    let (ada, other) = (fixture.sign_in().await, fixture.sign_in_with_other().await);
    assert_ne!(
        claims(&ada.access_token)["sub"],
        claims(&other.access_token)["sub"]
    );
    let response = fixture.link(&ada.access_token).await;
    assert_eq!(code(response).await, (409, "identity_in_use".into()));
    assert_eq!(identities(app, &ada.access_token).await.len(), 1);
    // Once the other account is deleted, the identity is free.
    let deleted = app.delete_as("/api/account", &other.access_token).await;
    assert_eq!(deleted.status(), 204);
    assert_eq!(fixture.link(&ada.access_token).await.status(), 204);
    let unknown = link_request(app, &ada.access_token, "nowhere").await;
    assert_eq!(code(unknown).await, (400, "unknown_provider".into()));
}

#[tokio::test]
async fn identity_that_is_not_admitted_is_not_linked() {
    let list = "[admission]\nmode = \"allow-list\"\nemails = [\"main:ada@example.com\"]\n";
    let fixture = Fixture::start(list).await;
    let ada = fixture.sign_in().await;
    let response = fixture.link(&ada.access_token).await;
    assert_eq!(code(response).await, (400, "not_admitted".into()));
    assert_eq!(identities(&fixture.app, &ada.access_token).await.len(), 1);
}

#[tokio::test]
async fn rights_of_a_session_are_those_of_the_identity_that_opened_it() {
    let fixture = Fixture::start("admins = [\"main:ada@example.com\"]").await;
    let app = &fixture.app;
    let ada = fixture.sign_in().await;
    assert_eq!(fixture.link(&ada.access_token).await.status(), 204);
    let weak = fixture.sign_in_with_other().await;
    let strong = app.refreshed(&ada.refresh_token).await;
    let weak = app.refreshed(&weak.refresh_token).await;
    for (session, email, roles, status) in [
        (&strong, "ada@example.com", json!(["admin"]), 200),
        (&weak, "ada@other.example", json!([]), 403),
    ] {
        let claims = claims(&session.access_token);
        assert_eq!(
            (&claims["email"], &claims["roles"]),
            (&json!(email), &roles)
        );
        let export = app.get_as("/api/admin/export", &session.access_token).await;
        assert_eq!(export.status(), status, "{email}");
    }
    // The admin API shows both identities, and the roles that either of them has.
    let sub = claims(&strong.access_token)["sub"]
        .as_str()
        .expect("text")
        .to_owned();
    let path = format!("/api/admin/users/{sub}");
    let user = app.get_as(&path, &strong.access_token).await;
    let user: serde_json::Value = user.json().await.expect("a user");
    let providers: Vec<_> = user["identities"]
        .as_array()
        .expect("identities")
        .iter()
        .map(|it| it["provider"].clone())
        .collect();
    assert_eq!(providers, [json!("main"), json!("other")]);
    assert_eq!(user["roles"], json!(["admin"]));
    // The session loses the role when its identity no longer has a verified address.
    fixture.main.script().claims["email_verified"] = json!(false);
    fixture.sign_in().await;
    let export = app.get_as("/api/admin/export", &strong.access_token).await;
    assert_eq!(code(export).await, (403, "forbidden".into()));
}

/// GitHub cannot say when it authenticated the user.
#[tokio::test]
async fn github_identity_is_linked_without_a_time_of_authentication() {
    let github = ScriptedGitHub::start().await;
    let section = github.section("github");
    let app = TestApp::with(&format!("demo = true\n{section}select_account = false\n")).await;
    let ada = app.sign_in().await;
    let begun = begin_link(&app, &ada.access_token, "github").await;
    // Otherwise GitHub could return without showing anything to the user.
    let query = begun.authorize.query().unwrap_or_default();
    assert!(query.contains("prompt=select_account"), "{query}");
    let callback = github.approve(&begun.authorize);
    let linked = complete_link(&app, &ada.access_token, &begun.cookie, &callback).await;
    assert_eq!(linked.status(), 204);
    let again = tokens(github.sign_in(&app, "github").await).await;
    assert_eq!(
        claims(&again.access_token)["sub"],
        claims(&ada.access_token)["sub"]
    );
}

/// For a step-up, the user can sign in with either identity of the account.
#[tokio::test]
async fn step_up_with_a_linked_identity_is_accepted() {
    let fixture = Fixture::start("").await;
    let app = &fixture.app;
    let ada = fixture.sign_in().await;
    let sub = claims(&ada.access_token)["sub"]
        .as_str()
        .expect("text")
        .to_owned();
    let path = format!("/auth/login?provider=other&prompt=login&max_age=600&account={sub}");
    let begun = app.begin_at(&path).await;
    let callback = fixture.other.approve(&begun);
    let response = app.finish(&begun.cookie, &callback).await;
    assert_eq!(code(response).await, (400, "other_account".into()));
    assert_eq!(fixture.link(&ada.access_token).await.status(), 204);
    let begun = app.begin_at(&path).await;
    let callback = fixture.other.approve(&begun);
    let signed_in = tokens(app.finish(&begun.cookie, &callback).await).await;
    assert_eq!(claims(&signed_in.access_token)["sub"], json!(sub));
}
