//! Being asked to prove anew who one is (Core §3.1.2.1, §3.1.3.7; RFC 9470).

use core::time::Duration;

use latchkey_core::Timestamp;
use latchkey_identity::{
    AuthenticatedProfile, AuthorizationAnswer, AuthorizeRequest, Check, Kind, OidcConfig, Prompt,
    Provider as _, SignInError,
};
use serde_json::{Value, json};

use crate::flow::{NOW, answer, config, provider, provider_of, request};
use crate::keys::RSA;
use crate::scripted::{self, claims};
use latchkey_testing::ScriptedProvider;

const MAX_AGE: Option<Duration> = Some(Duration::from_mins(10));

#[tokio::test]
async fn what_is_asked_of_the_person_is_asked_of_the_provider() {
    let hostile = scripted::start().await;
    let request = AuthorizeRequest {
        prompt: Prompt::Login,
        max_age: MAX_AGE,
        ..request()
    };
    let asked = |config: OidcConfig| async move {
        let url = provider_of(config).authorize_url(&request, NOW).await;
        let url = url.expect("a URL");
        let value = |name| url.query_pairs().find(|(key, _)| key == name);
        ["prompt", "max_age"].map(|name| value(name).map(|(_, value)| value.into_owned()))
    };
    let here = asked(config(&hostile.issuer)).await;
    assert_eq!(here, [Some("login".into()), Some("600".into())]);
    // Google has no `login`.
    let google = OidcConfig {
        kind: Kind::Google,
        ..config(&hostile.issuer)
    };
    let there = asked(google).await;
    assert_eq!(there, [Some("select_account".into()), Some("600".into())]);
}

#[tokio::test]
async fn the_id_token_must_show_that_the_person_was_asked() {
    let hostile = scripted::start().await;
    let now = NOW.as_secs();
    for (auth_time, taken) in [
        (json!(now), true),
        (json!(now - 600), true),
        // A minute for clocks that differ, and no more.
        (json!(now - 660), true),
        (json!(now - 661), false),
        (json!(now + 60), true),
        (json!(now + 61), false),
        (json!(0), false),
        (json!(-1), false),
        (Value::Null, false),
    ] {
        let outcome = with(&hostile, Kind::Oidc, auth_time.clone(), MAX_AGE).await;
        if taken {
            let said = auth_time.as_u64().map(Timestamp::from_secs);
            assert_eq!(outcome.expect("taken").auth_time, said);
        } else {
            let check = check(outcome);
            let wanted = match auth_time.as_i64() {
                None | Some(-1) => Check::AuthTimeMissing,
                Some(_) => Check::AuthTime,
            };
            assert_eq!(check, wanted, "{auth_time}");
        }
    }
    let text = with(&hostile, Kind::Oidc, json!("soon"), MAX_AGE).await;
    assert_eq!(check(text), Check::AuthTimeMissing);
}

#[tokio::test]
async fn where_it_was_not_asked_for_it_is_told_but_not_held_against_anyone() {
    let hostile = scripted::start().await;
    let long_ago = NOW.as_secs() - 100_000;
    let told = with(&hostile, Kind::Oidc, json!(long_ago), None).await;
    let told = told.expect("taken").auth_time;
    assert_eq!(told, Some(Timestamp::from_secs(long_ago)));
    let silent = with(&hostile, Kind::Oidc, Value::Null, None).await;
    assert_eq!(silent.expect("taken").auth_time, None);
}

#[tokio::test]
async fn a_provider_shown_as_google_is_not_google() {
    let hostile = scripted::start().await;
    let silent = with(&hostile, Kind::Google, Value::Null, MAX_AGE).await;
    assert_eq!(check(silent), Check::AuthTimeMissing);
    let old = json!(NOW.as_secs() - 100_000);
    let said = with(&hostile, Kind::Google, old, MAX_AGE).await;
    assert_eq!(check(said), Check::AuthTime);
}

async fn with(
    hostile: &ScriptedProvider,
    kind: Kind,
    auth_time: Value,
    max_age: Option<Duration>,
) -> Result<AuthenticatedProfile, SignInError> {
    let mut claims = claims(&hostile.issuer);
    claims["auth_time"] = auth_time;
    if claims["auth_time"].is_null() {
        claims.as_object_mut().expect("claims").remove("auth_time");
    }
    hostile.hand_out(&RSA.sign(&claims));
    let answered = AuthorizationAnswer {
        max_age,
        ..answer()
    };
    let client = match kind {
        Kind::Oidc => provider(hostile),
        kind => provider_of(OidcConfig {
            kind,
            ..config(&hostile.issuer)
        }),
    };
    client.complete(&answered, NOW).await
}

fn check(outcome: Result<AuthenticatedProfile, SignInError>) -> Check {
    match outcome {
        Err(SignInError::Invalid { what, .. }) => what,
        other => panic!("no check failed: {other:?}"),
    }
}
