//! The steps of a sign-in, as a browser performs them.

use std::collections::BTreeMap;

use latchkey_types::TokenResponse;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE, USER_AGENT};
use reqwest::{RequestBuilder, Response};
use url::Url;

use super::{ApiClient, send, tokens};

/// A sign-in that has started: the browser has been redirected to the provider.
#[derive(Clone, Debug)]
pub struct PendingSignIn {
    /// The flow cookie, `name=value`.
    pub cookie: String,
    /// The authorization request: the URL of the authorization endpoint with its query.
    pub authorize: Url,
}

/// The parameters of the callback and the redirect URI, as the page sends them to the token endpoint.
pub type Callback = BTreeMap<String, String>;

impl ApiClient {
    /// Signs in as Ada with the demo provider.
    pub async fn sign_in(&self) -> TokenResponse {
        self.sign_in_as("ada@example.com").await
    }

    /// Signs in with the demo provider and starts a new session.
    pub async fn sign_in_as(&self, email: &str) -> TokenResponse {
        let begun = self.begin("demo").await;
        let callback = self.approve(&begun, email).await;
        tokens(self.finish(&begun.cookie, &callback).await).await
    }

    /// Signs in as Ada with this `User-Agent` header.
    pub async fn sign_in_with(&self, user_agent: &str) -> TokenResponse {
        let begun = self.begin("demo").await;
        let callback = self.approve(&begun, "ada@example.com").await;
        let request = self.completion(&begun.cookie, &callback);
        tokens(send(request.header(USER_AGENT, user_agent)).await).await
    }

    /// Starts a sign-in with this provider.
    pub async fn begin(&self, provider: &str) -> PendingSignIn {
        let path = format!("/auth/login?provider={provider}&return_to=/account");
        self.begin_at(&path).await
    }

    /// Starts a sign-in with this request path.
    pub async fn begin_at(&self, path: &str) -> PendingSignIn {
        PendingSignIn::from_redirect(&send(self.get(path)).await)
    }

    /// Selects a user on the page of the demo provider.
    pub async fn approve(&self, begun: &PendingSignIn, email: &str) -> Callback {
        let response = send(self.approval(begun, email)).await;
        assert_eq!(response.status(), 303, "{:?}", response.text().await);
        callback_from(&response)
    }

    /// The request that selects a user on the page of the demo provider.
    pub fn approval(&self, begun: &PendingSignIn, email: &str) -> RequestBuilder {
        let mut form: Callback = begun.authorize.query_pairs().into_owned().collect();
        form.insert("email".into(), email.into());
        let mut url = begun.authorize.clone();
        url.set_query(None);
        self.http.post(url).form(&form)
    }

    /// Completes the sign-in: sends the request of the callback page.
    pub async fn finish(&self, cookie: &str, callback: &Callback) -> Response {
        send(self.completion(cookie, callback)).await
    }

    /// The request of the callback page to the token endpoint.
    pub fn completion(&self, cookie: &str, callback: &Callback) -> RequestBuilder {
        let mut form = callback.clone();
        form.insert("grant_type".into(), "authorization_code".into());
        self.post("/auth/token").header(COOKIE, cookie).form(&form)
    }
}

impl PendingSignIn {
    /// Reads the redirect to the provider.
    pub fn from_redirect(response: &Response) -> Self {
        assert_eq!(response.status(), 303);
        Self {
            cookie: cookie(response),
            authorize: location(response),
        }
    }
}

/// Reads the provider's redirect to the callback page.
pub fn callback_from(response: &Response) -> Callback {
    let mut url = location(response);
    let mut callback: Callback = url.query_pairs().into_owned().collect();
    url.set_query(None);
    callback.insert("redirect_uri".into(), url.into());
    callback
}

/// The first cookie that a response sets, in the form `name=value`.
pub fn cookie(response: &Response) -> String {
    let header = response.headers()[SET_COOKIE].to_str().expect("text");
    header.split(';').next().expect("a pair").to_owned()
}

/// The target of a redirect.
pub fn location(response: &Response) -> Url {
    let header = response.headers()[LOCATION].to_str().expect("text");
    Url::parse(header).expect("an absolute URL")
}
