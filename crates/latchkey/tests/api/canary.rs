//! No secret is in a log, however much is logged, nor in the body of an error.

use std::fs;

use reqwest::Response;
use serde_json::json;

use crate::binary::{Running, arguments};
use latchkey_testing::{ApiClient, tokens};

#[tokio::test]
async fn security_69_no_secret_is_in_the_log_at_any_level_nor_in_an_error() {
    for format in ["human", "json"] {
        let folder = tempfile::tempdir().expect("a directory");
        let data_dir = folder.path().join("data");
        let config = format!("[log]\nfilter = \"trace\"\nformat = \"{format}\"\n");
        fs::write(folder.path().join("latchkey.toml"), config).expect("written");
        let mut command =
            crate::binary::latchkey(folder.path(), &arguments(&data_dir, "127.0.0.1:0"));
        let server = Running::spawn(&mut command);
        let mut walk = Walk::default();
        walk.through(&server.caller).await;
        let master = fs::read_to_string(data_dir.join("master.key")).expect("read");
        walk.secrets
            .push(("the master key", master.trim().to_owned()));
        let log = server.stop();

        // It did log, and more than by default.
        assert!(log.contains("signed in") && log.contains("DEBUG"), "{log}");
        for (what, secret) in &walk.secrets {
            assert!(secret.len() > 15, "{what}: {secret} may be anywhere");
            for line in log.lines() {
                assert!(!line.contains(&**secret), "{what} is in the log: {line}");
            }
            for (of, body) in &walk.errors {
                assert!(!body.contains(&**secret), "{what} is in {of}: {body}");
            }
        }
    }
}

/// A walk through everything that handles secrets, and what it met.
#[derive(Default)]
struct Walk {
    secrets: Vec<(&'static str, String)>,
    /// By what was asked for, what each error said.
    errors: Vec<(&'static str, String)>,
}

impl Walk {
    async fn through(&mut self, caller: &ApiClient) {
        let begun = caller.begin("demo").await;
        let callback = caller.approve(&begun, "ada@example.com").await;
        let first = tokens(caller.finish(&begun.cookie, &callback).await).await;
        for (name, value) in begun.authorize.query_pairs() {
            if ["state", "nonce"].contains(&&*name) {
                self.secret("state or nonce", &value);
            }
        }
        let (_, flow) = begun.cookie.split_once('=').expect("a pair");
        self.secret("the flow id", flow);
        self.secret("the code", &callback["code"]);
        // Again, and with a code that was never given.
        self.error(
            "a code a second time",
            caller.finish(&begun.cookie, &callback).await,
        )
        .await;
        let other = caller.begin("demo").await;
        let mut guessed = caller.approve(&other, "ada@example.com").await;
        guessed.insert("code".into(), "canary-of-a-guessed-code".into());
        self.secret("a guessed code", "canary-of-a-guessed-code");
        self.error(
            "a guessed code",
            caller.finish(&other.cookie, &guessed).await,
        )
        .await;

        let key = "canary-of-an-idempotency-key";
        self.secret("an idempotency key", key);
        let second = tokens(caller.refresh(&first.refresh_token, Some(key)).await).await;
        let body = json!({ "grant_type": "refresh_token", "refresh_token": second.refresh_token });
        let third = caller.post("/auth/refresh").json(&body).send().await;
        let third = tokens(third.expect("an answer")).await;
        for pair in [&first, &second, &third] {
            for token in [&pair.access_token, &pair.refresh_token] {
                self.secret("a token", token);
                let (_, signature) = token.rsplit_once('.').expect("a JWT");
                self.secret("a signature", signature);
            }
        }

        // Tokens where they do not belong, and of the wrong kind.
        let misplaced = json!({ "grant_type": third.refresh_token, "refresh_token": "x" });
        let answer = caller.post("/auth/refresh").json(&misplaced).send().await;
        self.error("a token as grant_type", answer.expect("an answer"))
            .await;
        let misplaced = json!({ third.refresh_token.clone(): 1, "refresh_token": {} });
        let answer = caller.post("/auth/refresh").json(&misplaced).send().await;
        self.error("a token as a key", answer.expect("an answer"))
            .await;
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*third.access_token),
        ];
        self.error(
            "an access token as refresh token",
            caller.token(&form).await,
        )
        .await;
        for (name, of) in [
            ("grant_type", "a token as the kind of grant"),
            ("scope", "a token as scope"),
            ("expires_in", "a token as an unknown field"),
        ] {
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", &*third.refresh_token),
                (name, &*third.refresh_token),
            ];
            // The later one of two is left.
            let form: std::collections::BTreeMap<_, _> = form.into_iter().collect();
            let answer = caller.post("/auth/token").form(&form).send().await;
            self.error(of, answer.expect("an answer")).await;
        }
        let twice = [(&*third.refresh_token, "1"), (&*third.refresh_token, "2")];
        self.error("a token as a name, twice", caller.token(&twice).await)
            .await;
        let answer = caller.get(&format!("/auth/login?provider={}", third.access_token));
        self.error(
            "a token as provider",
            answer.send().await.expect("an answer"),
        )
        .await;
        self.error(
            "a refresh token as access token",
            caller.get_as("/api/me", &third.refresh_token).await,
        )
        .await;
        let query = format!("/api/me?access_token={}", third.access_token);
        let answer = caller.get(&query).send().await.expect("an answer");
        self.error("a token in the query", answer).await;

        caller.revoke(&second.access_token).await;
        self.error(
            "a revoked token",
            caller.get_as("/api/me", &second.access_token).await,
        )
        .await;
        assert_eq!(caller.log_out(&third.access_token).await.status(), 204);
        self.error(
            "a session that has ended",
            caller.refresh(&third.refresh_token, None).await,
        )
        .await;
    }

    fn secret(&mut self, what: &'static str, secret: &str) {
        self.secrets.push((what, secret.to_owned()));
    }

    async fn error(&mut self, of: &'static str, answer: Response) {
        let status = answer.status();
        let body = answer.text().await.expect("a body");
        assert!(status.is_client_error(), "{of}: {status} {body}");
        assert!(!body.is_empty(), "{of} says nothing");
        self.errors.push((of, body));
    }
}
