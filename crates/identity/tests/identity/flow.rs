//! The client's side of a sign-in, with fixed values instead of random ones.

use core::time::Duration;
use latchkey_testing::ScriptedProvider;

use latchkey_core::{Profile, Timestamp};
use latchkey_identity::{
    AuthorizationResponse, AuthorizeRequest, HttpClient, OidcProvider, Prompt, Provider as _,
    ProviderConfig, SignInError, ValidationError,
};

pub(crate) const CLIENT_ID: &str = "latchkey";
pub(crate) const SECRET: &str = "canary-secret+/: of the client";
pub(crate) const CODE: &str = "canary-code";
pub(crate) const STATE: &str = "canary-state";
pub(crate) const NONCE: &str = "canary-nonce";
pub(crate) const VERIFIER: &str = "canary-verifier-dBjftJeZ4CVP-mB92K27uhbUJU1p1r";
pub(crate) const REDIRECT: &str = "http://127.0.0.1:7000/callback";
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

pub(crate) fn config(issuer: &str) -> ProviderConfig {
    ProviderConfig {
        label: "Example Inc.".to_owned(),
        client_secret: Some(SECRET.into()),
        timeout: Some(Duration::from_secs(4)),
        ..ProviderConfig::new("work", issuer, CLIENT_ID)
    }
}

pub(crate) fn provider_of(config: ProviderConfig) -> OidcProvider {
    let http = HttpClient::new().expect("an HTTP client");
    OidcProvider::new(config, http).expect("a valid configuration")
}

pub(crate) fn provider(server: &ScriptedProvider) -> OidcProvider {
    provider_of(config(&server.issuer))
}

pub(crate) fn request() -> AuthorizeRequest<'static> {
    AuthorizeRequest {
        state: STATE,
        nonce: NONCE,
        verifier: VERIFIER,
        redirect_uri: REDIRECT,
        prompt: Prompt::SelectAccount,
        max_age: None,
        login_hint: None,
    }
}

pub(crate) fn response() -> AuthorizationResponse<'static> {
    AuthorizationResponse {
        code: CODE,
        iss: None,
        nonce: NONCE,
        verifier: VERIFIER,
        redirect_uri: REDIRECT,
        max_age: None,
    }
}

/// Finishes a sign-in at `now`. Checks that an error contains no secret.
pub(crate) async fn complete(
    provider: &OidcProvider,
    response: &AuthorizationResponse<'_>,
    now: Timestamp,
) -> Result<Profile, SignInError> {
    let outcome = provider.complete(response, now).await;
    if let Err(error) = &outcome {
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(
                !text.contains("canary") && !text.contains("the-access-token"),
                "{text}"
            );
            assert!(!text.contains("eyJ") && !text.contains("<html"), "{text}");
        }
    }
    outcome.map(|authenticated| authenticated.profile)
}

/// A sign-in with a new client of this provider.
pub(crate) async fn sign_in(server: &ScriptedProvider) -> Result<Profile, SignInError> {
    complete(&provider(server), &response(), NOW).await
}

/// The validation error with which the sign-in failed.
#[track_caller]
pub(crate) fn validation_error(outcome: Result<Profile, SignInError>) -> ValidationError {
    match outcome {
        Err(SignInError::Invalid { provider, error }) => {
            assert_eq!(provider, "work");
            error
        }
        other => panic!("the sign-in did not fail validation: {other:?}"),
    }
}

/// The reason why the provider was unavailable.
#[track_caller]
pub(crate) fn unavailable<T: core::fmt::Debug>(outcome: Result<T, SignInError>) -> String {
    match outcome {
        Err(SignInError::Unavailable { reason, .. }) => reason,
        other => panic!("the provider was available: {other:?}"),
    }
}
