//! A hostile provider among those configured, which wants what belongs to another (RFC 9700 §4.4).

use serde_json::{Value, json};

use crate::app::{TestApp, claims};
use latchkey_testing::{Begun, Callback, ScriptedProvider, code, header, tokens};

/// `main` is honest and the victim has a session there; `partner` is hostile.
struct World {
    app: TestApp,
    main: ScriptedProvider,
    partner: ScriptedProvider,
}

impl World {
    async fn start(main_names_itself: bool) -> Self {
        let main = ScriptedProvider::start().await;
        let partner = ScriptedProvider::start().await;
        main.script().claims["sub"] = json!("victim");
        if main_names_itself {
            main.script().metadata["authorization_response_iss_parameter_supported"] = json!(true);
        }
        let config = format!("{}{}", main.section("main"), partner.section("partner"));
        Self {
            app: TestApp::with(&config).await,
            main,
            partner,
        }
    }

    /// The victim chose `partner`, which sends the browser to `main` with the attacker's nonce and
    /// challenge. What `main` answers there with, at the address that is registered with it.
    fn answer_of_main(&self, attacker: &Begun, victim: &Begun, iss: bool) -> Callback {
        let mut forged = parameters(attacker);
        forged.insert("state".into(), parameters(victim)["state"].clone());
        let mut url = victim.authorize.clone();
        url.query_pairs_mut().clear().extend_pairs(&forged);
        let mut answer = self.main.approve(&Begun {
            cookie: String::new(),
            authorize: url,
        });
        answer.insert("code".into(), "the-victims-code".into());
        if iss {
            answer.insert("iss".into(), self.main.issuer.clone());
        }
        answer
    }

    fn nobody_was_asked(&self) {
        let asked = (self.main.count("/token"), self.partner.count("/token"));
        assert_eq!(asked, (0, 0), "the code was shown to a provider");
    }
}

fn parameters(begun: &Begun) -> Callback {
    begun.authorize.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn security_74_a_hostile_provider_is_not_given_the_code_of_another() {
    for (main_names_itself, iss) in [(false, false), (false, true), (true, true), (true, false)] {
        let world = World::start(main_names_itself).await;
        let attacker = world.app.begin("main").await;
        let victim = world.app.begin("partner").await;
        let mut answer = world.answer_of_main(&attacker, &victim, iss);
        // The victim's page posts what it was reached at.
        let refused = world.app.finish(&victim.cookie, &answer).await;
        assert_eq!(code(refused).await, (400, "provider_invalid".into()));
        world.nobody_was_asked();
        // Nor does it help to say nothing, or to be called back at the page without a provider.
        for wrong in [
            None,
            Some("/callback"),
            Some("/callback/"),
            Some("/callback/partner/.."),
        ] {
            let again = world.app.begin("partner").await;
            let mut answer = world.answer_of_main(&attacker, &again, iss);
            match wrong {
                None => answer.remove("redirect_uri"),
                Some(path) => {
                    answer.insert("redirect_uri".into(), format!("{}{path}", world.app.url))
                }
            };
            let refused = world.app.finish(&again.cookie, &answer).await;
            assert_eq!(
                code(refused).await,
                (400, "provider_invalid".into()),
                "{wrong:?}"
            );
        }
        world.nobody_was_asked();
        // Nor is the attacker's own sign-in finished by an answer with the victim's state.
        answer.insert(
            "redirect_uri".into(),
            parameters(&attacker)["redirect_uri"].clone(),
        );
        let refused = world.app.finish(&attacker.cookie, &answer).await;
        assert_eq!(code(refused).await, (400, "sign_in_not_found".into()));
        world.nobody_was_asked();
    }
}

#[tokio::test]
async fn security_74_a_foreign_origin_or_path_is_not_the_redirect_uri() {
    let world = World::start(false).await;
    let host = world.app.url.trim_start_matches("http://").to_owned();
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
        let begun = world.app.begin("main").await;
        let mut answer = world.main.approve(&begun);
        answer.insert("redirect_uri".into(), wrong.clone());
        let refused = world.app.finish(&begun.cookie, &answer).await;
        assert_eq!(
            code(refused).await,
            (400, "provider_invalid".into()),
            "{wrong}"
        );
    }
    world.nobody_was_asked();
    let signed_in = world.main.sign_in(&world.app, "main").await;
    tokens(signed_in).await;
}

#[tokio::test]
async fn security_1_each_provider_has_a_redirect_uri_of_its_own_that_shows_the_page() {
    let world = World::start(false).await;
    for name in ["main", "partner"] {
        let begun = world.app.begin(name).await;
        let expected = format!("{}/callback/{name}", world.app.url);
        assert_eq!(parameters(&begun)["redirect_uri"], expected);
    }
    let (bare, own) = (
        world
            .app
            .get("/callback?code=x&state=y")
            .send()
            .await
            .expect("an answer"),
        world
            .app
            .get("/callback/main?code=x&state=y")
            .send()
            .await
            .expect("an answer"),
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
async fn a_sole_provider_may_keep_the_bare_redirect_uri() {
    let provider = ScriptedProvider::start().await;
    let config = format!("{}redirect = \"/callback\"\n", provider.section("work"));
    let app = TestApp::with(&config).await;
    let begun = app.begin("work").await;
    let mut answer = provider.approve(&begun);
    let bare = format!("{}/callback", app.url);
    assert_eq!(answer["redirect_uri"], bare);
    answer.insert("redirect_uri".into(), format!("{bare}/work"));
    let refused = app.finish(&begun.cookie, &answer).await;
    assert_eq!(code(refused).await, (400, "provider_invalid".into()));
    let signed_in = tokens(provider.sign_in(&app, "work").await).await;
    assert_ne!(claims(&signed_in.access_token)["sub"], Value::Null);
}
