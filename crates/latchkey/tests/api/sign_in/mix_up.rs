//! Mix-up attacks: one of the configured providers is hostile and tries to obtain the authorization
//! codes of another (RFC 9700 §4.4).

use serde_json::{Value, json};

use crate::app::{TestApp, claims};
use latchkey_testing::{Callback, PendingSignIn, ScriptedProvider, code, header, tokens};

/// The honest provider `main`, where the victim is signed in, and the hostile one `partner`.
struct MixUp {
    app: TestApp,
    main: ScriptedProvider,
    partner: ScriptedProvider,
}

impl MixUp {
    async fn start(main_sends_iss: bool) -> Self {
        let main = ScriptedProvider::start().await;
        let partner = ScriptedProvider::start().await;
        main.script().claims["sub"] = json!("victim");
        if main_sends_iss {
            main.script().metadata["authorization_response_iss_parameter_supported"] = json!(true);
        }
        let config = format!("{}{}", main.section("main"), partner.section("partner"));
        Self {
            app: TestApp::with(&config).await,
            main,
            partner,
        }
    }

    /// The response of `main` after a mix-up: the victim chose `partner`, which redirected the
    /// browser to `main` with the attacker's nonce and challenge. It arrives at the redirect URI of
    /// `main`.
    fn response_from_main(
        &self,
        attacker: &PendingSignIn,
        victim: &PendingSignIn,
        iss: bool,
    ) -> Callback {
        let mut forged = parameters(attacker);
        forged.insert("state".into(), parameters(victim)["state"].clone());
        let mut url = victim.authorize.clone();
        url.query_pairs_mut().clear().extend_pairs(&forged);
        let mut response = self.main.approve(&PendingSignIn {
            cookie: String::new(),
            authorize: url,
        });
        response.insert("code".into(), "the-victims-code".into());
        if iss {
            response.insert("iss".into(), self.main.issuer.clone());
        }
        response
    }

    fn assert_no_code_was_sent(&self) {
        let exchanges = (self.main.count("/token"), self.partner.count("/token"));
        assert_eq!(exchanges, (0, 0), "the code was sent to a provider");
    }
}

fn parameters(begun: &PendingSignIn) -> Callback {
    begun.authorize.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn security_74_a_hostile_provider_does_not_obtain_the_code_of_another() {
    for (main_sends_iss, iss) in [(false, false), (false, true), (true, true), (true, false)] {
        let mix_up = MixUp::start(main_sends_iss).await;
        let attacker = mix_up.app.begin("main").await;
        let victim = mix_up.app.begin("partner").await;
        let mut response = mix_up.response_from_main(&attacker, &victim, iss);
        // The victim's callback page reports the URL at which it was opened.
        let refused = mix_up.app.finish(&victim.cookie, &response).await;
        assert_eq!(code(refused).await, (400, "provider_invalid".into()));
        mix_up.assert_no_code_was_sent();
        // Leaving out the redirect URI, or using the callback page without a provider name, does
        // not help.
        for wrong in [
            None,
            Some("/callback"),
            Some("/callback/"),
            Some("/callback/partner/.."),
        ] {
            let again = mix_up.app.begin("partner").await;
            let mut response = mix_up.response_from_main(&attacker, &again, iss);
            match wrong {
                None => response.remove("redirect_uri"),
                Some(path) => {
                    response.insert("redirect_uri".into(), format!("{}{path}", mix_up.app.url))
                }
            };
            let refused = mix_up.app.finish(&again.cookie, &response).await;
            assert_eq!(
                code(refused).await,
                (400, "provider_invalid".into()),
                "{wrong:?}"
            );
        }
        mix_up.assert_no_code_was_sent();
        // The attacker's own sign-in is not finished by a response with the victim's state either.
        response.insert(
            "redirect_uri".into(),
            parameters(&attacker)["redirect_uri"].clone(),
        );
        let refused = mix_up.app.finish(&attacker.cookie, &response).await;
        assert_eq!(code(refused).await, (400, "sign_in_not_found".into()));
        mix_up.assert_no_code_was_sent();
    }
}

#[tokio::test]
async fn security_74_a_foreign_origin_or_path_is_not_the_redirect_uri() {
    let mix_up = MixUp::start(false).await;
    let host = mix_up.app.url.trim_start_matches("http://").to_owned();
    for wrong in [
        format!("https://{host}/callback/main"),
        "http://evil.example/callback/main".to_owned(),
        format!("http://{host}/callback/main/"),
        format!("http://{host}/callback/main?x=1"),
        format!("http://{host}/callback/main#x"),
        format!("http://{host}/callback/MAIN"),
        format!("http://user@{host}/callback/main"),
        "/callback/main".to_owned(),
        "main".to_owned(),
    ] {
        let begun = mix_up.app.begin("main").await;
        let mut response = mix_up.main.approve(&begun);
        response.insert("redirect_uri".into(), wrong.clone());
        let refused = mix_up.app.finish(&begun.cookie, &response).await;
        assert_eq!(
            code(refused).await,
            (400, "provider_invalid".into()),
            "{wrong}"
        );
    }
    mix_up.assert_no_code_was_sent();
    let signed_in = mix_up.main.sign_in(&mix_up.app, "main").await;
    tokens(signed_in).await;
}

#[tokio::test]
async fn security_1_each_provider_has_its_own_redirect_uri_that_serves_the_callback_page() {
    let mix_up = MixUp::start(false).await;
    for name in ["main", "partner"] {
        let begun = mix_up.app.begin(name).await;
        let expected = format!("{}/callback/{name}", mix_up.app.url);
        assert_eq!(parameters(&begun)["redirect_uri"], expected);
    }
    let (bare, own) = (
        mix_up
            .app
            .get("/callback?code=x&state=y")
            .send()
            .await
            .expect("a response"),
        mix_up
            .app
            .get("/callback/main?code=x&state=y")
            .send()
            .await
            .expect("a response"),
    );
    assert_eq!(bare.status(), own.status());
    for name in [
        "content-type",
        "cache-control",
        "referrer-policy",
        "x-frame-options",
        "cross-origin-opener-policy",
        "x-content-type-options",
    ] {
        assert_eq!(header(&bare, name), header(&own, name), "{name}");
    }
}

#[tokio::test]
async fn a_single_provider_may_use_the_bare_redirect_uri() {
    let provider = ScriptedProvider::start().await;
    let config = format!("{}redirect = \"/callback\"\n", provider.section("work"));
    let app = TestApp::with(&config).await;
    let begun = app.begin("work").await;
    let mut response = provider.approve(&begun);
    let bare = format!("{}/callback", app.url);
    assert_eq!(response["redirect_uri"], bare);
    response.insert("redirect_uri".into(), format!("{bare}/work"));
    let refused = app.finish(&begun.cookie, &response).await;
    assert_eq!(code(refused).await, (400, "provider_invalid".into()));
    let signed_in = tokens(provider.sign_in(&app, "work").await).await;
    assert_ne!(claims(&signed_in.access_token)["sub"], Value::Null);
}
