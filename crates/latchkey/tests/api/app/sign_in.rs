//! Signing in with the demo provider, step by step.

use std::collections::BTreeMap;

use latchkey_types::TokenResponse;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{RequestBuilder, Response};
use url::Url;

use super::{Caller, tokens};

/// A browser between two steps.
pub(crate) struct Begun {
    /// The flow cookie, `name=value`.
    pub(crate) cookie: String,
    /// Where the provider is.
    pub(crate) authorize: Url,
}

/// What the provider sent the browser back with, and where to, as the page posts it.
pub(crate) type Callback = BTreeMap<String, String>;

impl Caller {
    /// Signs in, as a new session of this person.
    pub(crate) async fn sign_in_as(&self, email: &str) -> TokenResponse {
        let begun = self.begin("demo").await;
        let callback = self.approve(&begun, email).await;
        tokens(self.finish(&begun.cookie, &callback).await).await
    }

    /// Signs in as Ada.
    pub(crate) async fn sign_in(&self) -> TokenResponse {
        self.sign_in_as("ada@example.com").await
    }

    pub(crate) async fn begin(&self, provider: &str) -> Begun {
        self.begin_at(&format!(
            "/auth/login?provider={provider}&return_to=/account"
        ))
        .await
    }

    pub(crate) async fn begin_at(&self, path: &str) -> Begun {
        Begun::of(&self.get(path).send().await.expect("an answer"))
    }

    /// Picks an account on the demo provider's page.
    pub(crate) async fn approve(&self, begun: &Begun, email: &str) -> Callback {
        let response = self.approval(begun, email).send().await;
        let response = response.expect("an answer");
        assert_eq!(response.status(), 303, "{:?}", response.text().await);
        called_back(&response)
    }

    /// The request that picks it.
    pub(crate) fn approval(&self, begun: &Begun, email: &str) -> RequestBuilder {
        let mut form: Callback = begun.authorize.query_pairs().into_owned().collect();
        form.insert("email".into(), email.into());
        let mut url = begun.authorize.clone();
        url.set_query(None);
        self.http.post(url).form(&form)
    }

    /// Sends the callback page's request.
    pub(crate) async fn finish(&self, cookie: &str, callback: &Callback) -> Response {
        let request = self.completion(cookie, callback);
        request.send().await.expect("an answer")
    }

    /// The callback page's request.
    pub(crate) fn completion(&self, cookie: &str, callback: &Callback) -> RequestBuilder {
        let mut form = callback.clone();
        form.insert("grant_type".into(), "authorization_code".into());
        self.post("/auth/token").header(COOKIE, cookie).form(&form)
    }
}

impl Begun {
    /// Of the answer to the first request.
    pub(crate) fn of(response: &Response) -> Self {
        assert_eq!(response.status(), 303);
        Self {
            cookie: cookie(response),
            authorize: location(response),
        }
    }
}

/// What the provider's redirect back says, as the page posts it.
pub(crate) fn called_back(response: &Response) -> Callback {
    let mut back = location(response);
    let mut callback: Callback = back.query_pairs().into_owned().collect();
    back.set_query(None);
    callback.insert("redirect_uri".into(), back.into());
    callback
}

pub(crate) fn cookie(response: &Response) -> String {
    let header = response.headers()[SET_COOKIE].to_str().expect("text");
    header.split(';').next().expect("a pair").to_owned()
}

pub(crate) fn location(response: &Response) -> Url {
    let header = response.headers()[LOCATION].to_str().expect("text");
    Url::parse(header).expect("an absolute URL")
}
