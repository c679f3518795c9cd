//! Step-up: requiring the user to authenticate again (Core §3.1.2.1, §3.1.3.7; RFC 9470).

use core::time::Duration;

use latchkey_core::Timestamp;
use latchkey_identity::{
    AuthenticatedProfile, AuthorizationResponse, AuthorizeRequest, Kind, Prompt, Provider as _,
    ProviderConfig, SignInError, StepUp, ValidationError, google,
};
use serde_json::{Value, json};

use crate::flow::{NOW, config, provider, provider_of, request, response};
use crate::keys::RSA;
use crate::scripted::{self, claims};
use latchkey_testing::ScriptedProvider;

const MAX_AGE: Option<Duration> = Some(Duration::from_mins(10));

#[tokio::test]
async fn prompt_and_max_age_are_sent_to_the_provider() {
    let server = scripted::start().await;
    let request = AuthorizeRequest {
        prompt: Prompt::Login,
        max_age: MAX_AGE,
        ..request()
    };
    let query_of = |config: ProviderConfig| async move {
        let url = provider_of(config).authorize_url(&request, NOW).await;
        let url = url.expect("a URL");
        let value = |name| url.query_pairs().find(|(key, _)| key == name);
        ["prompt", "max_age"].map(|name| value(name).map(|(_, value)| value.into_owned()))
    };
    let generic = query_of(config(&server.issuer)).await;
    assert_eq!(generic, [Some("login".into()), Some("600".into())]);
    // Google does not support `prompt=login`.
    let google = ProviderConfig {
        kind: Kind::Google,
        ..config(&server.issuer)
    };
    let google = query_of(google).await;
    assert_eq!(google, [Some("select_account".into()), Some("600".into())]);
}

#[tokio::test]
async fn auth_time_must_satisfy_max_age() {
    let server = scripted::start().await;
    let now = NOW.as_secs();
    for (auth_time, accepted) in [
        (json!(now), true),
        (json!(now - 600), true),
        // A minute of leeway for clocks that differ.
        (json!(now - 660), true),
        (json!(now - 661), false),
        (json!(now + 60), true),
        (json!(now + 61), false),
        (json!(0), false),
        (json!(-1), false),
        (Value::Null, false),
    ] {
        let outcome = with(&server, Kind::Oidc, auth_time.clone(), MAX_AGE).await;
        if accepted {
            let sent = auth_time.as_u64().map(Timestamp::from_secs);
            assert_eq!(outcome.expect("accepted").auth_time, sent);
        } else {
            let check = failed_check(outcome);
            let expected = match auth_time.as_i64() {
                None | Some(-1) => ValidationError::AuthTimeMissing,
                Some(_) => ValidationError::AuthTime,
            };
            assert_eq!(check, expected, "{auth_time}");
        }
    }
    let text = with(&server, Kind::Oidc, json!("soon"), MAX_AGE).await;
    assert_eq!(failed_check(text), ValidationError::AuthTimeMissing);
}

#[tokio::test]
async fn without_max_age_auth_time_is_returned_unchecked() {
    let server = scripted::start().await;
    let long_ago = NOW.as_secs() - 100_000;
    let auth_time = with(&server, Kind::Oidc, json!(long_ago), None).await;
    let auth_time = auth_time.expect("accepted").auth_time;
    assert_eq!(auth_time, Some(Timestamp::from_secs(long_ago)));
    let silent = with(&server, Kind::Oidc, Value::Null, None).await;
    assert_eq!(silent.expect("accepted").auth_time, None);
}

#[tokio::test]
async fn kind_google_with_another_issuer_must_send_auth_time() {
    let server = scripted::start().await;
    let silent = with(&server, Kind::Google, Value::Null, MAX_AGE).await;
    assert_eq!(failed_check(silent), ValidationError::AuthTimeMissing);
    let old = json!(NOW.as_secs() - 100_000);
    let sent = with(&server, Kind::Google, old, MAX_AGE).await;
    assert_eq!(failed_check(sent), ValidationError::AuthTime);
}

#[test]
fn google_supports_step_up_only_with_a_new_sign_in() {
    let google = google("id", "secret");
    let with = |step_up| ProviderConfig {
        step_up,
        ..google.clone()
    };
    for step_up in [None, Some(StepUp::SignInAgain)] {
        assert!(provider_of(with(step_up)).supports_step_up());
    }
    // Google never sends `auth_time`.
    let strict = with(Some(StepUp::AuthTime));
    assert!(!provider_of(strict.clone()).supports_step_up());
    // Another issuer of this kind may send it.
    let other = ProviderConfig {
        issuer: "https://issuer.example".to_owned(),
        ..strict
    };
    assert!(provider_of(other).supports_step_up());
}

async fn with(
    server: &ScriptedProvider,
    kind: Kind,
    auth_time: Value,
    max_age: Option<Duration>,
) -> Result<AuthenticatedProfile, SignInError> {
    let mut claims = claims(&server.issuer);
    claims["auth_time"] = auth_time;
    if claims["auth_time"].is_null() {
        claims.as_object_mut().expect("claims").remove("auth_time");
    }
    server.set_id_token(&RSA.sign(&claims));
    let redirect = AuthorizationResponse {
        max_age,
        ..response()
    };
    let client = match kind {
        Kind::Oidc => provider(server),
        kind => provider_of(ProviderConfig {
            kind,
            ..config(&server.issuer)
        }),
    };
    client.complete(&redirect, NOW).await
}

fn failed_check(outcome: Result<AuthenticatedProfile, SignInError>) -> ValidationError {
    match outcome {
        Err(SignInError::Invalid { error, .. }) => error,
        other => panic!("the sign-in did not fail a check: {other:?}"),
    }
}
