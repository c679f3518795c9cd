//! No secret appears in a log, at any log level, or in the body of an error response.

use std::collections::BTreeMap;
use std::fs;

use latchkey_types::TokenResponse;
use reqwest::Response;
use serde_json::{Value, json};

use crate::binary::{RunningServer, arguments};
use crate::local_accounts::smtp::{Behavior, SmtpServer};
use crate::local_accounts::{OTHER_PASSWORD, PASSWORD, token_in};
use latchkey_testing::{ApiClient, tokens};

#[tokio::test]
async fn security_69_logs_at_every_level_and_error_bodies_contain_no_secret() {
    for format in ["human", "json"] {
        let folder = tempfile::tempdir().expect("a directory");
        let data_dir = folder.path().join("data");
        let mut mail = SmtpServer::start(Behavior::Accepts).await;
        let config = format!(
            "admins = [\"demo:ada@example.com\"]\n[local]\n{}\
             [log]\nfilter = \"trace\"\nformat = \"{format}\"\n",
            mail.section()
        );
        fs::write(folder.path().join("latchkey.toml"), config).expect("written");
        let mut command =
            crate::binary::latchkey(folder.path(), &arguments(&data_dir, "127.0.0.1:0"));
        let server = RunningServer::spawn(&mut command);
        let mut walk = Walk::default();
        walk.through(&server.caller, &mut mail).await;
        let master = fs::read_to_string(data_dir.join("master.key")).expect("read");
        walk.secrets
            .push(("the master key", master.trim().to_owned()));
        let log = server.stop();

        // The log has entries, and more than the default filter would let through.
        assert!(log.contains("signed in") && log.contains("DEBUG"), "{log}");
        for (what, secret) in &walk.secrets {
            assert!(
                secret.len() > 15,
                "{what}: {secret} is too short to search for"
            );
            for line in log.lines() {
                assert!(!line.contains(&**secret), "{what} is in the log: {line}");
            }
            for (request, body) in &walk.errors {
                assert!(
                    !body.contains(&**secret),
                    "{what} is in the response to {request}: {body}"
                );
            }
        }
    }
}

/// Sends valid and invalid requests that contain secrets. Collects the secrets, and the bodies of
/// the errors.
#[derive(Default)]
struct Walk {
    secrets: Vec<(&'static str, String)>,
    /// The error bodies, each with a description of the request.
    errors: Vec<(&'static str, String)>,
}

impl Walk {
    async fn through(&mut self, caller: &ApiClient, mail: &mut SmtpServer) {
        let first = self.sign_in(caller).await;
        self.guess_a_code(caller).await;
        let (second, third) = self.refresh_twice(caller, &first).await;
        for pair in [&first, &second, &third] {
            self.token_secrets(pair);
        }
        self.misplace_tokens(caller, &third).await;
        self.send_the_wrong_kind(caller, &third).await;
        self.set_passwords(caller, &third.access_token, mail).await;
        self.use_ended_tokens(caller, &second, &third).await;
    }

    /// Sets passwords with links, one in the response and one in a mail, and signs in with them.
    async fn set_passwords(&mut self, caller: &ApiClient, admin: &str, mail: &mut SmtpServer) {
        for (what, password) in [
            ("a password", PASSWORD),
            ("a wrong password", OTHER_PASSWORD),
        ] {
            self.secret(what, password);
        }
        let post = |path: &str, body: Value| {
            let request = caller.post(path).bearer_auth(admin).json(&body);
            async { request.send().await.expect("a response") }
        };
        for (username, email) in [("lin", None), ("kay", Some("kay@example.com"))] {
            let new = json!({ "username": username, "email": email });
            let created = post("/api/admin/users", new).await;
            let created: Value = created.json().await.expect("JSON");
            let token = match created["link"]["url"].as_str() {
                Some(url) => token_in(url, "token").to_owned(),
                None => mail.next().await.token("token"),
            };
            self.secret("the token of a link", &token);
            let reset = |password| json!({ "token": token, "new_password": password });
            let weak = post("/auth/password/reset", reset("password1")).await;
            self.error("a weak password", weak).await;
            let set = post("/auth/password/reset", reset(PASSWORD)).await;
            assert_eq!(set.status(), 204);
            let again = post("/auth/password/reset", reset(PASSWORD)).await;
            self.error("a link a second time", again).await;
            let sign_in = |password| json!({ "username": username, "password": password });
            let refused = post("/auth/password", sign_in(OTHER_PASSWORD)).await;
            self.error("a wrong password", refused).await;
            let signed_in = post("/auth/password", sign_in(PASSWORD)).await;
            self.token_secrets(&tokens(signed_in).await);
        }
    }

    async fn sign_in(&mut self, caller: &ApiClient) -> TokenResponse {
        let begun = caller.begin("demo").await;
        let callback = caller.approve(&begun, "ada@example.com").await;
        let signed_in = tokens(caller.finish(&begun.cookie, &callback).await).await;
        for (name, value) in begun.authorize.query_pairs() {
            if ["state", "nonce"].contains(&&*name) {
                self.secret("state or nonce", &value);
            }
        }
        let (_, flow) = begun.cookie.split_once('=').expect("a pair");
        self.secret("the sealed flow", flow);
        self.secret("the code", &callback["code"]);
        let again = caller.finish(&begun.cookie, &callback).await;
        self.error("a code a second time", again).await;
        signed_in
    }

    async fn guess_a_code(&mut self, caller: &ApiClient) {
        const GUESSED: &str = "canary-for-a-guessed-code";
        let begun = caller.begin("demo").await;
        let mut callback = caller.approve(&begun, "ada@example.com").await;
        callback.insert("code".into(), GUESSED.into());
        self.secret("a guessed code", GUESSED);
        let response = caller.finish(&begun.cookie, &callback).await;
        self.error("a guessed code", response).await;
    }

    /// Refreshes with a form and an idempotency key, and then with JSON.
    async fn refresh_twice(
        &mut self,
        caller: &ApiClient,
        first: &TokenResponse,
    ) -> (TokenResponse, TokenResponse) {
        const KEY: &str = "canary-for-an-idempotency-key";
        self.secret("an idempotency key", KEY);
        let second = tokens(caller.refresh(&first.refresh_token, Some(KEY)).await).await;
        let body = json!({ "grant_type": "refresh_token", "refresh_token": second.refresh_token });
        let response = caller.post("/auth/refresh").json(&body).send().await;
        let third = tokens(response.expect("a response")).await;
        (second, third)
    }

    fn token_secrets(&mut self, pair: &TokenResponse) {
        for token in [&pair.access_token, &pair.refresh_token] {
            self.secret("a token", token);
            let (_, signature) = token.rsplit_once('.').expect("a JWT");
            self.secret("a signature", signature);
        }
    }

    /// Sends tokens in places where they do not belong.
    async fn misplace_tokens(&mut self, caller: &ApiClient, pair: &TokenResponse) {
        let refresh_token = &*pair.refresh_token;
        for (request, body) in [
            (
                "a token as grant_type",
                json!({ "grant_type": refresh_token, "refresh_token": "x" }),
            ),
            (
                "a token as a key",
                json!({ refresh_token: 1, "refresh_token": {} }),
            ),
        ] {
            let response = caller.post("/auth/refresh").json(&body).send().await;
            self.error(request, response.expect("a response")).await;
        }
        for (name, request) in [
            ("grant_type", "a token as grant type"),
            ("scope", "a token as scope"),
            ("expires_in", "a token as lifetime"),
        ] {
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh_token),
                (name, refresh_token),
            ];
            // The map keeps the last value of a repeated name.
            let form: BTreeMap<_, _> = form.into_iter().collect();
            let response = caller.post("/auth/token").form(&form).send().await;
            self.error(request, response.expect("a response")).await;
        }
        let twice = [(refresh_token, "1"), (refresh_token, "2")];
        let response = caller.token(&twice).await;
        self.error("a token as a repeated name", response).await;
        for (request, path) in [
            ("a token as provider", "/auth/login?provider="),
            ("a token in the query", "/api/me?access_token="),
        ] {
            let request_to = caller.get(&format!("{path}{}", pair.access_token));
            let response = request_to.send().await.expect("a response");
            self.error(request, response).await;
        }
    }

    /// Sends each token in place of the other.
    async fn send_the_wrong_kind(&mut self, caller: &ApiClient, pair: &TokenResponse) {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*pair.access_token),
        ];
        let response = caller.token(&form).await;
        self.error("an access token as refresh token", response)
            .await;
        let response = caller.get_as("/api/me", &pair.refresh_token).await;
        self.error("a refresh token as access token", response)
            .await;
    }

    /// Revokes the access token of `second`, and ends the session of `third`.
    async fn use_ended_tokens(
        &mut self,
        caller: &ApiClient,
        second: &TokenResponse,
        third: &TokenResponse,
    ) {
        caller.revoke(&second.access_token).await;
        let response = caller.get_as("/api/me", &second.access_token).await;
        self.error("a revoked token", response).await;
        assert_eq!(caller.log_out(&third.access_token).await.status(), 204);
        let response = caller.refresh(&third.refresh_token, None).await;
        self.error("a session that has ended", response).await;
    }

    fn secret(&mut self, what: &'static str, secret: &str) {
        self.secrets.push((what, secret.to_owned()));
    }

    async fn error(&mut self, request: &'static str, response: Response) {
        let status = response.status();
        let body = response.text().await.expect("a body");
        assert!(status.is_client_error(), "{request}: {status} {body}");
        assert!(!body.is_empty(), "{request} has an empty body");
        self.errors.push((request, body));
    }
}
