//! Sign-in with GitHub, whose site and API are scripted.

mod failures;

use core::time::Duration;
use std::collections::HashMap;

use latchkey_core::Profile;
use latchkey_identity::{
    AuthorizationResponse, AuthorizeRequest, GitHubProvider, HttpClient, Kind, Prompt,
    Provider as _, ProviderConfig, SignInError, StepUp, ValidationError, github,
};
use latchkey_testing::ScriptedGitHub;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::flow::{CODE, NOW, REDIRECT, VERIFIER, request, response};

pub(super) fn config(server: &ScriptedGitHub) -> ProviderConfig {
    ProviderConfig {
        issuer: server.url.clone(),
        timeout: Some(Duration::from_secs(4)),
        ..github(ScriptedGitHub::CLIENT_ID, ScriptedGitHub::CLIENT_SECRET)
    }
}

pub(super) fn connect(config: ProviderConfig) -> GitHubProvider {
    let http = HttpClient::new().expect("an HTTP client");
    GitHubProvider::new(config, http).expect("a valid configuration")
}

pub(super) async fn authorize_url(
    provider: &GitHubProvider,
    request: &AuthorizeRequest<'_>,
) -> Url {
    let url = provider.authorize_url(request, NOW).await;
    url.expect("a URL")
}

/// A complete sign-in. Checks that an error contains no secret and no text from the site.
pub(super) async fn sign_in_with(
    server: &ScriptedGitHub,
    config: ProviderConfig,
) -> Result<Profile, SignInError> {
    let provider = connect(config);
    let url = authorize_url(&provider, &request()).await;
    let callback = server.approve(&url);
    let response = AuthorizationResponse {
        code: &callback["code"],
        ..response()
    };
    let outcome = provider.complete(&response, NOW).await;
    if let Err(error) = &outcome {
        for text in [error.to_string(), format!("{error:?}")] {
            for secret in ["canary", "<html>", "gho_", ScriptedGitHub::CLIENT_SECRET] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }
    outcome.map(|authenticated| {
        assert_eq!(authenticated.auth_time, None);
        authenticated.profile
    })
}

pub(super) async fn sign_in(server: &ScriptedGitHub) -> Result<Profile, SignInError> {
    sign_in_with(server, config(server)).await
}

/// Why the site refused, and whether the code may be the cause.
#[track_caller]
pub(super) fn refused(outcome: Result<Profile, SignInError>) -> (String, bool) {
    match outcome {
        Err(SignInError::Refused {
            reason,
            code_refused,
            ..
        }) => (reason, code_refused),
        other => panic!("the sign-in was not refused: {other:?}"),
    }
}

#[tokio::test]
async fn sign_in_returns_the_numeric_id_and_the_verified_primary_address() {
    let server = ScriptedGitHub::start().await;
    let profile = sign_in(&server).await.expect("a profile");
    assert_eq!(profile.identity.issuer, server.url);
    assert_eq!(profile.identity.subject, "583231");
    assert_eq!(profile.verified_email(), Some("ada@example.com"));
    assert_eq!(profile.name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(profile.hosted_domain, None);

    let sent = server.last(ScriptedGitHub::TOKEN);
    assert_eq!(sent.headers["accept"], "application/json");
    let form: HashMap<_, _> = form_urlencoded::parse(sent.body.as_bytes())
        .into_owned()
        .collect();
    assert_eq!(form["redirect_uri"], REDIRECT);
    assert_eq!(form["code_verifier"], VERIFIER);
    let sent = server.last(ScriptedGitHub::USER);
    assert_eq!(sent.headers["accept"], "application/vnd.github+json");
    assert!(
        sent.headers.contains_key("user-agent"),
        "GitHub requires it"
    );
}

#[tokio::test]
async fn authorization_request_has_state_pkce_scopes_and_account_picker() {
    let server = ScriptedGitHub::start().await;
    let provider = connect(config(&server));
    assert_eq!(
        (provider.kind(), provider.label()),
        (Kind::GitHub, "GitHub")
    );
    let request = AuthorizeRequest {
        login_hint: Some("ada"),
        ..request()
    };
    let url = authorize_url(&provider, &request).await;
    assert_eq!(url.path(), "/login/oauth/authorize");
    let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(query["client_id"], ScriptedGitHub::CLIENT_ID);
    assert_eq!(query["redirect_uri"], REDIRECT);
    assert_eq!(query["scope"], "read:user user:email");
    assert_eq!(query["state"], request.state);
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(query["code_challenge"].len(), 43);
    assert_eq!(query["prompt"], "select_account");
    assert_eq!(query["login"], "ada");
    assert!(!query.contains_key("nonce"), "no response repeats it");

    let without = ProviderConfig {
        select_account: Some(false),
        ..config(&server)
    };
    let url = authorize_url(&connect(without), &request).await;
    assert!(!url.query_pairs().any(|(name, _)| name == "prompt"));
}

#[tokio::test]
async fn account_picker_is_shown_whenever_the_user_must_be_asked() {
    let server = ScriptedGitHub::start().await;
    let provider = connect(ProviderConfig {
        select_account: Some(false),
        step_up: Some(StepUp::SignInAgain),
        ..config(&server)
    });
    assert!(provider.supports_step_up());
    for (prompt, max_age) in [
        (Prompt::Login, None),
        (Prompt::SelectAccount, Some(Duration::from_mins(10))),
        (Prompt::Login, Some(Duration::from_mins(10))),
    ] {
        let request = AuthorizeRequest {
            prompt,
            max_age,
            ..request()
        };
        let url = authorize_url(&provider, &request).await;
        let query = url.query().unwrap_or_default();
        assert!(query.contains("prompt=select_account"), "{query}");
    }
}

#[tokio::test]
async fn unverified_primary_address_does_not_count_as_verified() {
    let server = ScriptedGitHub::start().await;
    server.script().emails[0]["verified"] = json!(false);
    let profile = sign_in(&server).await.expect("a profile");
    assert_eq!(profile.email.as_deref(), Some("ada@example.com"));
    assert_eq!(profile.verified_email(), None);
}

#[tokio::test]
async fn user_without_an_address_has_none() {
    let server = ScriptedGitHub::start().await;
    for emails in [
        json!([]),
        json!([{ "email": "a@example.com", "primary": false, "verified": true }]),
        json!([{ "email": "not an address", "primary": true, "verified": true }]),
        json!([7, null, { "primary": true }]),
    ] {
        server.script().emails = emails.clone();
        let profile = sign_in(&server).await.expect("a profile");
        assert_eq!(
            (profile.email, profile.email_verified),
            (None, false),
            "{emails}"
        );
    }
    // Without the scope, no request for the addresses is sent.
    let before = server.count(ScriptedGitHub::EMAILS);
    let config = ProviderConfig {
        scopes: vec!["read:user".to_owned()],
        ..config(&server)
    };
    let profile = sign_in_with(&server, config).await.expect("a profile");
    assert_eq!(profile.email, None);
    assert_eq!(server.count(ScriptedGitHub::EMAILS), before);
}

#[tokio::test]
async fn name_falls_back_to_the_login_name() {
    let server = ScriptedGitHub::start().await;
    for name in [Value::Null, json!(""), json!(" "), json!(7)] {
        server.script().user["name"] = name;
        let profile = sign_in(&server).await.expect("a profile");
        assert_eq!(profile.name.as_deref(), Some("ada"));
    }
}

#[tokio::test]
async fn code_of_another_sign_in_is_refused() {
    let server = ScriptedGitHub::start().await;
    let provider = connect(config(&server));
    let outcome = provider.complete(&response(), NOW).await;
    let (reason, code_refused) = refused(outcome.map(|it| it.profile));
    assert!(code_refused && !reason.contains(CODE), "{reason}");
    // The code of a flow with another verifier.
    let other = AuthorizeRequest {
        verifier: "another-verifier-dBjftJeZ4CVP-mB92K27uhbUJU1p1r",
        ..request()
    };
    let callback = server.approve(&authorize_url(&provider, &other).await);
    let injected = AuthorizationResponse {
        code: &callback["code"],
        ..response()
    };
    let outcome = provider.complete(&injected, NOW).await;
    assert!(refused(outcome.map(|it| it.profile)).1);
}

#[tokio::test]
async fn security_06_github_redirect_with_another_iss_is_refused() {
    let server = ScriptedGitHub::start().await;
    let provider = connect(config(&server));
    let own = [server.url.clone(), format!("{}/login/oauth", server.url)];
    let foreign = [
        "https://evil.example".to_owned(),
        String::new(),
        format!("{}.evil.example", server.url),
        format!("{}/", server.url),
    ];
    for iss in &foreign {
        let response = AuthorizationResponse {
            iss: Some(iss),
            ..response()
        };
        match provider.complete(&response, NOW).await {
            Err(SignInError::Invalid { error, .. }) => {
                assert_eq!(error, ValidationError::ResponseIssuer, "{iss}");
            }
            other => panic!("{iss}: {other:?}"),
        }
    }
    assert_eq!(server.count(ScriptedGitHub::TOKEN), 0);
    for iss in &own {
        let callback = server.approve(&authorize_url(&provider, &request()).await);
        let response = AuthorizationResponse {
            code: &callback["code"],
            iss: Some(iss),
            ..response()
        };
        provider.complete(&response, NOW).await.expect("its issuer");
    }
}

#[tokio::test]
async fn step_up_is_refused_before_the_redirect() {
    let server = ScriptedGitHub::start().await;
    let provider = connect(config(&server));
    let max_age = Some(Duration::from_mins(10));
    let begun = AuthorizeRequest {
        max_age,
        ..request()
    };
    let returned = AuthorizationResponse {
        max_age,
        ..response()
    };
    let begun = provider
        .authorize_url(&begun, NOW)
        .await
        .expect_err("refused");
    let returned = provider
        .complete(&returned, NOW)
        .await
        .expect_err("refused");
    for refused in [begun, returned] {
        assert!(
            matches!(
                refused,
                SignInError::Invalid {
                    error: ValidationError::AuthTimeUnsupported,
                    ..
                }
            ),
            "{refused:?}"
        );
    }
    assert_eq!(server.count(ScriptedGitHub::TOKEN), 0);
}

#[tokio::test]
async fn configuration_is_checked() {
    let server = ScriptedGitHub::start().await;
    let http = HttpClient::new().expect("an HTTP client");
    let valid = config(&server);
    for (broken, expected) in [
        (
            ProviderConfig {
                client_secret: None,
                ..valid.clone()
            },
            "client_secret",
        ),
        (
            ProviderConfig {
                client_id: String::new(),
                ..valid.clone()
            },
            "client_id",
        ),
        (
            ProviderConfig {
                issuer: "http://github.example.com".to_owned(),
                ..valid.clone()
            },
            "https",
        ),
        (
            ProviderConfig {
                issuer: "https://github.example.com/?x".to_owned(),
                ..valid
            },
            "query",
        ),
    ] {
        let error = GitHubProvider::new(broken, http.clone()).expect_err(expected);
        assert!(error.to_string().contains(expected), "{error}");
    }
}
