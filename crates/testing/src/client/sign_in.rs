//! Signing in step by step, as a browser does.

use std::collections::BTreeMap;

use latchkey_types::TokenResponse;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE, USER_AGENT};
use reqwest::{RequestBuilder, Response};
use url::Url;

use super::{ApiClient, sent, tokens};

/// A sign-in that has begun: a browser on its way to the provider.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The flow cookie, `name=value`.
    pub cookie: String,
    /// The provider's authorization endpoint with the request.
    pub authorize: Url,
}

/// What the provider sent the browser back with, and where to, as the page posts it.
pub type Callback = BTreeMap<String, String>;

impl ApiClient {
    /// Signs in as Ada by the demo provider.
    pub async fn sign_in(&self) -> TokenResponse {
        self.sign_in_as("ada@example.com").await
    }

    /// Signs in by the demo provider: a new session of this account.
    pub async fn sign_in_as(&self, email: &str) -> TokenResponse {
        let begun = self.begin("demo").await;
        let callback = self.approve(&begun, email).await;
        tokens(self.finish(&begun.cookie, &callback).await).await
    }

    /// Signs in as Ada with a browser that names itself so.
    pub async fn sign_in_with(&self, user_agent: &str) -> TokenResponse {
        let begun = self.begin("demo").await;
        let callback = self.approve(&begun, "ada@example.com").await;
        let request = self.completion(&begun.cookie, &callback);
        tokens(sent(request.header(USER_AGENT, user_agent)).await).await
    }

    /// Begins a sign-in with this provider.
    pub async fn begin(&self, provider: &str) -> Begun {
        let path = format!("/auth/login?provider={provider}&return_to=/account");
        self.begin_at(&path).await
    }

    /// Begins a sign-in with this request.
    pub async fn begin_at(&self, path: &str) -> Begun {
        Begun::of(&sent(self.get(path)).await)
    }

    /// Chooses an account on the demo provider's page.
    pub async fn approve(&self, begun: &Begun, email: &str) -> Callback {
        let response = sent(self.approval(begun, email)).await;
        assert_eq!(response.status(), 303, "{:?}", response.text().await);
        called_back(&response)
    }

    /// The request that chooses it.
    pub fn approval(&self, begun: &Begun, email: &str) -> RequestBuilder {
        let mut form: Callback = begun.authorize.query_pairs().into_owned().collect();
        form.insert("email".into(), email.into());
        let mut url = begun.authorize.clone();
        url.set_query(None);
        self.http.post(url).form(&form)
    }

    /// Sends the callback page's request.
    pub async fn finish(&self, cookie: &str, callback: &Callback) -> Response {
        sent(self.completion(cookie, callback)).await
    }

    /// The callback page's request.
    pub fn completion(&self, cookie: &str, callback: &Callback) -> RequestBuilder {
        let mut form = callback.clone();
        form.insert("grant_type".into(), "authorization_code".into());
        self.post("/auth/token").header(COOKIE, cookie).form(&form)
    }
}

impl Begun {
    /// Reads the redirect that answers the first request.
    pub fn of(response: &Response) -> Self {
        assert_eq!(response.status(), 303);
        Self {
            cookie: cookie(response),
            authorize: location(response),
        }
    }
}

/// Reads the provider's redirect back, as the page posts it.
pub fn called_back(response: &Response) -> Callback {
    let mut back = location(response);
    let mut callback: Callback = back.query_pairs().into_owned().collect();
    back.set_query(None);
    callback.insert("redirect_uri".into(), back.into());
    callback
}

/// The first cookie that a response sets, `name=value`.
pub fn cookie(response: &Response) -> String {
    let header = response.headers()[SET_COOKIE].to_str().expect("text");
    header.split(';').next().expect("a pair").to_owned()
}

/// Where a redirect leads.
pub fn location(response: &Response) -> Url {
    let header = response.headers()[LOCATION].to_str().expect("text");
    Url::parse(header).expect("an absolute URL")
}
