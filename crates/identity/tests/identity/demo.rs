//! Sign-in with the demo provider over HTTP, as with any other provider.

use core::time::Duration;
use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use latchkey_core::{Rng, Timestamp};
use latchkey_identity::demo::{self, DemoError, DemoProvider};
use latchkey_identity::{
    AuthorizationResponse, HttpClient, Kind, OidcProvider, Provider as _, SignInError,
    ValidationError,
};
use serde_json::Value;
use tokio::net::TcpListener;
use url::Url;

use crate::flow::{NONCE, NOW, REDIRECT, STATE, VERIFIER, request};

struct SystemRng;

impl Rng for SystemRng {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the `Rng` of these tests"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("random numbers");
    }
}

type Demo = State<Arc<DemoProvider>>;
type Reply = Result<Json<Value>, (StatusCode, Json<Value>)>;

fn reply(outcome: Result<Value, DemoError>) -> Reply {
    outcome.map(Json).map_err(|error| {
        let status = StatusCode::from_u16(error.status()).expect("a status");
        (status, Json(error.to_json()))
    })
}

async fn token(
    State(demo): Demo,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Reply {
    let basic = headers.get("authorization").map(|value| {
        let encoded = value
            .to_str()
            .expect("text")
            .strip_prefix("Basic ")
            .expect("Basic");
        String::from_utf8(STANDARD.decode(encoded).expect("base64")).expect("text")
    });
    let basic = basic
        .as_deref()
        .map(|pair| pair.split_once(':').expect("a pair"));
    reply(demo.exchange(&form, basic, NOW))
}

async fn userinfo(State(demo): Demo, headers: HeaderMap) -> Reply {
    let token = headers["authorization"]
        .to_str()
        .expect("text")
        .strip_prefix("Bearer ");
    reply(demo.userinfo(token.expect("Bearer"), NOW))
}

/// Serves a demo provider as the server does.
async fn serve() -> (Arc<DemoProvider>, OidcProvider) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let issuer = format!("http://{}/demo", listener.local_addr().expect("an address"));
    let demo = Arc::new(DemoProvider::new(&issuer, REDIRECT, Arc::new(SystemRng)));
    let routes = Router::new()
        .route(
            demo::DISCOVERY,
            get(|State(demo): Demo| async move { Json(demo.discovery()) }),
        )
        .route(
            demo::JWKS,
            get(|State(demo): Demo| async move { Json(demo.jwks()) }),
        )
        .route(demo::TOKEN, post(token))
        .route(demo::USERINFO, get(userinfo));
    let app = Router::new().nest("/demo", routes).with_state(demo.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.expect("serving") });
    let http = HttpClient::new().expect("an HTTP client");
    let client = OidcProvider::new(demo.config(), http).expect("a valid configuration");
    (demo, client)
}

fn query(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// Runs a sign-in up to the redirect, and returns its query.
async fn approve(
    demo: &DemoProvider,
    client: &OidcProvider,
    email: &str,
) -> HashMap<String, String> {
    let url = client.authorize_url(&request(), NOW).await.expect("a URL");
    assert!(url.path().ends_with(demo::AUTHORIZE), "{url}");
    let parameters: Vec<_> = url.query_pairs().into_owned().collect();
    let request = demo.check_authorize(&parameters).expect("a valid request");
    let back = demo.approve(&request, email, NOW).expect("approved");
    assert!(back.as_str().starts_with(REDIRECT), "{back}");
    query(&back)
}

fn returned(back: &HashMap<String, String>) -> AuthorizationResponse<'_> {
    AuthorizationResponse {
        code: &back["code"],
        iss: back.get("iss").map(String::as_str),
        nonce: NONCE,
        verifier: VERIFIER,
        redirect_uri: REDIRECT,
        max_age: None,
    }
}

#[tokio::test]
async fn listed_accounts_and_any_address_can_sign_in() {
    let (demo, client) = serve().await;
    assert_eq!(
        (client.id(), client.label(), client.kind()),
        ("demo", "Demo account", Kind::Demo)
    );
    let listed = DemoProvider::accounts()
        .iter()
        .map(|account| (account.email, account.name));
    let listed: Vec<_> = listed
        .chain([("mary.jackson@example.org", "Mary Jackson")])
        .collect();
    let mut subjects = Vec::new();
    for (email, name) in listed {
        let back = approve(&demo, &client, email).await;
        assert_eq!(back["state"], STATE);
        let profile = client
            .complete(&returned(&back), NOW)
            .await
            .expect("a profile")
            .profile;
        assert_eq!(profile.verified_email(), Some(email));
        assert_eq!(profile.name.as_deref(), Some(name));
        assert_eq!(profile.identity.issuer, demo.config().issuer);
        subjects.push(profile.identity.subject);
    }
    let back = approve(&demo, &client, "ada@example.com").await;
    let again = client
        .complete(&returned(&back), NOW)
        .await
        .expect("a profile")
        .profile;
    assert_eq!(again.identity.subject, subjects[0]);
    subjects.sort_unstable();
    subjects.dedup();
    assert_eq!(subjects.len(), 3);
}

#[tokio::test]
async fn security_06_redirect_of_the_demo_provider_must_have_iss() {
    let (demo, client) = serve().await;
    let back = approve(&demo, &client, "ada@example.com").await;
    let without_iss = AuthorizationResponse {
        iss: None,
        ..returned(&back)
    };
    let refused = client.complete(&without_iss, NOW).await;
    assert!(matches!(
        refused,
        Err(SignInError::Invalid {
            error: ValidationError::ResponseIssuerMissing,
            ..
        })
    ));
}

#[tokio::test]
async fn security_04_code_of_the_demo_provider_works_once() {
    let (demo, client) = serve().await;
    let back = approve(&demo, &client, "ada@example.com").await;
    client
        .complete(&returned(&back), NOW)
        .await
        .expect("a profile");
    let again = client.complete(&returned(&back), NOW).await;
    assert!(
        matches!(again, Err(SignInError::Refused { .. })),
        "{again:?}"
    );
}

#[tokio::test]
async fn stolen_code_is_useless_without_the_verifier_and_the_nonce() {
    let (demo, client) = serve().await;
    let back = approve(&demo, &client, "ada@example.com").await;
    let other = "another-verifier-of-the-right-length-0123456789";
    let thief = AuthorizationResponse {
        verifier: other,
        ..returned(&back)
    };
    let refused = client.complete(&thief, NOW).await;
    assert!(
        matches!(refused, Err(SignInError::Refused { .. })),
        "{refused:?}"
    );

    let back = approve(&demo, &client, "ada@example.com").await;
    let injected = AuthorizationResponse {
        nonce: "another",
        ..returned(&back)
    };
    let refused = client.complete(&injected, NOW).await;
    assert!(
        matches!(
            refused,
            Err(SignInError::Invalid {
                error: ValidationError::Nonce,
                ..
            })
        ),
        "{refused:?}"
    );
}

#[tokio::test]
async fn tokens_of_the_demo_provider_expire() {
    let (demo, client) = serve().await;
    let back = approve(&demo, &client, "ada@example.com").await;
    let late: Timestamp = NOW.plus(Duration::from_mins(6));
    let refused = client.complete(&returned(&back), late).await;
    assert!(
        matches!(
            refused,
            Err(SignInError::Invalid {
                error: ValidationError::Expired,
                ..
            })
        ),
        "{refused:?}"
    );
}
