//! The requests that provoke every documented response.

use latchkey_types::TokenResponse;
use reqwest::Method;
use serde_json::{Value, json};

use super::document::filled;
use super::walk::Walk;
use crate::app::claims;
use crate::local_accounts::{OTHER_PASSWORD, PASSWORD, operator, token_in};
use latchkey_testing::{Callback, PendingSignIn, cookie};

impl Walk<'_> {
    /// The refusals that operations have in common.
    pub(super) async fn refusals(&mut self) {
        let user = self.app.sign_in_as("grace@example.com").await.access_token;
        let admin = self.app.sign_in_as("ada@example.com").await.access_token;
        let operations: Vec<_> = self
            .document
            .operations
            .iter()
            .map(|it| {
                let token = it.requires_token.then_some(&*admin);
                let parts = (it.method.clone(), filled(&it.path), it.media_type.clone());
                (parts, token, it.requires_admin)
            })
            .collect();
        for ((method, path, media_type), token, requires_admin) in operations {
            if token.is_some() {
                self.send(self.request(&method, &path, None)).await;
                self.send(self.request(&method, &path, Some("x"))).await;
                let twice = self.request(&method, &path, Some("x"));
                self.send(twice.header("authorization", "Bearer y")).await;
            }
            if requires_admin {
                self.send(self.request(&method, &path, Some(&user))).await;
            }
            let too_large = self.request(&method, &path, token);
            self.send(too_large.body(" ".repeat(64 * 1024 + 1))).await;
            let Some(media_type) = media_type else {
                continue;
            };
            let text = self.request(&method, &path, token).body("text");
            self.send(text.header("content-type", "text/plain")).await;
            let malformed = if media_type == "application/json" {
                "{"
            } else {
                "a=1&a=2"
            };
            let malformed = self.request(&method, &path, token).body(malformed);
            self.send(malformed.header("content-type", media_type))
                .await;
        }
    }

    pub(super) async fn sign_in(&mut self) {
        self.get("/auth/providers", None).await;
        self.get("/auth/login?provider=demo", None).await;
        self.get("/auth/login?provider=nobody", None).await;
        let framed = self.request(&Method::GET, "/auth/login?provider=demo", None);
        self.send(framed.header("sec-fetch-dest", "iframe")).await;

        let begun = self.app.begin("demo").await;
        let callback = self.app.approve(&begun, "ada@example.com").await;
        let tokens = self
            .send(self.app.completion(&begun.cookie, &callback))
            .await;
        let tokens: TokenResponse = serde_json::from_value(tokens).expect("tokens");
        let refresh = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &tokens.refresh_token),
        ];
        let form = |walk: &Self| walk.app.post("/auth/token").form(&refresh);
        let next = self.send(form(self)).await;
        self.send(form(self)).await;
        self.send(form(self).basic_auth("client", Some("secret")))
            .await;

        let token = next["refresh_token"].as_str().expect("text");
        let body = json!({ "grant_type": "refresh_token", "refresh_token": token });
        let request = |walk: &Self| walk.app.post("/auth/refresh").json(&body);
        let next = self.send(request(self)).await;
        self.send(request(self)).await;

        let token = next["refresh_token"].as_str().expect("text");
        self.send(self.app.post("/auth/revoke").form(&[("token", token)]))
            .await;
        let token = self.app.sign_in().await.access_token;
        self.send(self.request(&Method::POST, "/auth/logout", Some(&token)))
            .await;
    }

    pub(super) async fn local_accounts(&mut self) {
        let post = |walk: &Self, path: &str, body: &Value| walk.app.post(path).json(body);
        let invitation = operator(self.app)
            .invite(None)
            .await
            .expect("an invitation");
        let account = |password: &str, invitation: Option<&str>| json!({ "username": "lin", "password": password, "invitation": invitation });
        let invited = Some(token_in(&invitation.url, "invitation"));
        for body in [
            account(PASSWORD, None),
            account(PASSWORD, Some("x")),
            account("weak", invited),
            account(PASSWORD, invited),
        ] {
            self.send(post(self, "/auth/sign-up", &body)).await;
        }
        let credentials = |password| json!({ "username": "lin", "password": password });
        let refused = credentials(OTHER_PASSWORD);
        self.send(post(self, "/auth/password", &refused)).await;
        let tokens = post(self, "/auth/password", &credentials(PASSWORD));
        let tokens = self.send(tokens).await;
        let lin = tokens["access_token"].as_str().expect("text").to_owned();
        let demo = self.app.sign_in().await.access_token;
        let change = |current, new| json!({ "current_password": current, "new_password": new });
        for (token, new) in [
            (&demo, OTHER_PASSWORD),
            (&lin, "weak"),
            (&lin, OTHER_PASSWORD),
        ] {
            let change = change(PASSWORD, new);
            self.post("/auth/password/change", token, &change).await;
        }
        let request = json!({ "username": "lin" });
        self.send(post(self, "/auth/password/reset-request", &request))
            .await;
        let reset = |token, new| json!({ "token": token, "new_password": new });
        let link = operator(self.app)
            .reset_password("lin")
            .await
            .expect("a link");
        let token = token_in(&link.url, "token");
        for body in [
            reset("x", PASSWORD),
            reset(token, "weak"),
            reset(token, PASSWORD),
        ] {
            self.send(post(self, "/auth/password/reset", &body)).await;
        }
    }

    pub(super) async fn account(&mut self) {
        let token = self.app.sign_in().await.access_token;
        for path in ["/api/me", "/api/sessions", "/api/activity"] {
            self.get(path, Some(&token)).await;
        }
        let events = self.app.events(&token).await;
        self.app.log_out(&token).await;
        self.check(&Method::GET, "/api/events", events.response)
            .await;

        let token = self.app.sign_in().await.access_token;
        self.delete("/api/sessions/AAAAAAAAAAAAAAAAAAAAAA", &token)
            .await;
        self.delete("/api/sessions", &token).await;
        let session = claims(&token)["sid"].as_str().expect("text").to_owned();
        self.delete(&format!("/api/sessions/{session}"), &token)
            .await;
        self.identities_and_deletion().await;
    }

    async fn identities_and_deletion(&mut self) {
        let token = self.app.sign_in_as("carol@example.com").await.access_token;
        for email in ["dan@example.com", "ada@example.com"] {
            let (cookie, callback) = self.link(&token, email).await;
            for _ in 0..2 {
                let complete = self.request(&Method::POST, "/api/identities", Some(&token));
                self.send(complete.header("cookie", &cookie).json(&callback))
                    .await;
            }
        }
        self.get("/api/identities", Some(&token)).await;
        for id in ["x", "1", "0"] {
            self.delete(&format!("/api/identities/{id}"), &token).await;
        }
        self.get("/api/account/export", Some(&token)).await;
        self.delete("/api/account", &token).await;
    }

    /// Begins to link this account of the demo provider. Returns the cookie and the callback that
    /// complete the flow.
    async fn link(&mut self, token: &str, email: &str) -> (String, Callback) {
        let path = "/api/identities/link";
        let request = self.request(&Method::POST, path, Some(token));
        let request = request.json(&json!({ "provider": "demo" }));
        let response = request.send().await.expect("a response");
        let cookie = cookie(&response);
        let started = self.check(&Method::POST, path, response).await;
        let url = started["url"].as_str().expect("text");
        let begun = PendingSignIn {
            cookie: cookie.clone(),
            authorize: url.parse().expect("a URL"),
        };
        (cookie, self.app.approve(&begun, email).await)
    }

    pub(super) async fn administration(&mut self) {
        let user = self.app.sign_in_as("grace@example.com").await.access_token;
        let user = claims(&user)["sub"].as_str().expect("text").to_owned();
        let admin = self.app.sign_in_as("ada@example.com").await.access_token;
        for path in ["users", "sessions", "denials", "keys"] {
            self.get(&format!("/api/admin/{path}"), Some(&admin)).await;
        }
        let rotate = self.request(&Method::POST, "/api/admin/keys", Some(&admin));
        self.send(rotate).await;
        self.denials(&admin).await;
        self.manage_local_accounts(&admin, &user).await;
        let ban = json!({ "reason": "spam" });
        for user in [&*user, "AAAAAAAAAAAAAAAAAAAAAA"] {
            let of_user = format!("/api/admin/users/{user}");
            self.get(&of_user, Some(&admin)).await;
            self.get(&format!("{of_user}/sessions"), Some(&admin)).await;
            let path = format!("{of_user}/roles");
            let roles = self.request(&Method::PUT, &path, Some(&admin));
            self.send(roles.json(&json!({ "roles": ["editor"] }))).await;
            self.post(&format!("{of_user}/ban"), &admin, &ban).await;
            self.delete(&format!("{of_user}/ban"), &admin).await;
            self.delete(&format!("{of_user}/sessions"), &admin).await;
        }
        self.get("/api/admin/export", Some(&admin)).await;
        self.get("/api/admin/audit", Some(&admin)).await;
        self.get("/api/admin/audit?kind=danced", Some(&admin)).await;
        let export = "/api/admin/audit/export";
        self.get(export, Some(&admin)).await;
        self.get(&format!("{export}?outcome=x"), Some(&admin)).await;
        self.get("/api/admin/overview", Some(&admin)).await;
        self.delete("/api/admin/sessions", &admin).await;
    }

    /// `demo` is a user without a local account.
    async fn manage_local_accounts(&mut self, admin: &str, demo: &str) {
        let new = json!({ "username": "kay", "roles": ["editor"] });
        let created = self.post("/api/admin/users", admin, &new).await;
        self.post("/api/admin/users", admin, &new).await;
        for email in ["kay@example.com", "nowhere"] {
            let email = json!({ "email": email });
            self.post("/api/admin/invitations", admin, &email).await;
        }
        let kay = created["user"]["id"].as_str().expect("text");
        for user in [kay, demo] {
            let path = format!("/api/admin/users/{user}/password-link");
            self.send(self.request(&Method::POST, &path, Some(admin)))
                .await;
        }
    }

    async fn denials(&mut self, admin: &str) {
        let token = self.app.sign_in_as("bob@example.com").await.access_token;
        let claims = claims(&token);
        let (token_id, session) = (claims["jti"].as_str(), claims["sid"].as_str());
        let deny = json!({ "token": token, "reason": "copied" });
        self.post("/api/admin/denials", admin, &deny).await;
        let deny = json!({ "session": "x", "reason": "lost" });
        self.post("/api/admin/denials", admin, &deny).await;
        let lift = format!("/api/admin/denials/token/{}", token_id.expect("text"));
        self.delete(&lift, admin).await;
        self.delete(&lift, admin).await;
        self.delete("/api/admin/denials/token/x", admin).await;
        let session = format!("/api/admin/sessions/{}", session.expect("text"));
        self.delete(&session, admin).await;
        self.delete("/api/admin/sessions/x", admin).await;
    }

    pub(super) async fn metadata(&mut self) {
        self.get("/.well-known/oauth-authorization-server", None)
            .await;
        self.get("/.well-known/jwks.json", None).await;
    }
}
