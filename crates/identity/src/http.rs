//! The HTTP client that talks to providers: no redirects, little patience, bounded answers.

mod error;

use core::time::Duration;
use std::sync::Arc;

use openidconnect::http::header::ACCEPT;
use openidconnect::http::{Request, Response, StatusCode};
use openidconnect::{HttpRequest, HttpResponse};
use reqwest::redirect;
use serde::de::DeserializeOwned;
use url::{Host, Url};

use crate::error::ConfigError;

pub use error::HttpError;

/// How long to wait for a connection, TLS included.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// How long one request may take, from its start to the last byte of the answer, unless
/// [`HttpClient::within`] says otherwise.
const REQUEST_LIMIT: Duration = Duration::from_secs(3);
/// The largest answer that is read, in bytes.
const ANSWER_LIMIT: usize = 1024 * 1024;

/// Talks to providers: by https, or by plain http with a loopback address. Cheap to clone; all
/// clones share their connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    /// For https. Where the machine has no certificate authorities there is none, which must not
    /// keep a provider on a loopback address from working.
    public: Result<reqwest::Client, Arc<str>>,
    loopback: reqwest::Client,
    limit: Duration,
}

impl HttpClient {
    /// A client with the limits of this module.
    pub fn new() -> Result<Self, ConfigError> {
        let loopback = builder()
            .no_proxy()
            .tls_certs_only([])
            .build()
            .map_err(|error| ConfigError::HttpClient(error::root(&error)))?;
        let public = builder()
            .https_only(true)
            .build()
            .map_err(|error| error::root(&error).into());
        Ok(Self {
            public,
            loopback,
            limit: REQUEST_LIMIT,
        })
    }

    /// The same client, of which no request may take longer than `limit`, from its start to the
    /// last byte of the answer.
    #[must_use]
    pub(crate) fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Why https does not work on this machine, if it does not.
    pub(crate) fn https_trouble(&self) -> Option<&str> {
        self.public.as_ref().err().map(|reason| &**reason)
    }

    /// The JSON document at `url`.
    pub(crate) async fn get_json<T: DeserializeOwned>(&self, url: &Url) -> Result<T, HttpError> {
        let request = Request::get(url.as_str())
            .header(ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|_| HttpError::Url)?;
        let response = self.send(request).await?;
        if response.status() != StatusCode::OK {
            return Err(HttpError::Status(response.status().as_u16()));
        }
        Ok(serde_json::from_slice(response.body())?)
    }

    /// Sends a request and reads the answer, which is neither a redirect nor a server error.
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| HttpError::Url)?;
        let client = match url.scheme() {
            "https" => self
                .public
                .as_ref()
                .map_err(|reason| HttpError::Tls(reason.to_string()))?,
            "http" if is_loopback(&url) => &self.loopback,
            _ => return Err(HttpError::Url),
        };
        let mut request = reqwest::Request::try_from(request).map_err(|_| HttpError::Url)?;
        *request.timeout_mut() = Some(self.limit);
        read(client.execute(request).await?).await
    }
}

/// What both clients have in common.
fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT_LIMIT)
        .user_agent(concat!("latchkey/", env!("CARGO_PKG_VERSION")))
}

/// Reads an answer, piece by piece, until its end or the limit.
async fn read(mut response: reqwest::Response) -> Result<HttpResponse, HttpError> {
    let status = response.status();
    if status.is_redirection() {
        return Err(HttpError::Redirect);
    }
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(HttpError::Status(status.as_u16()));
    }
    let announced = response.content_length().unwrap_or(0);
    if announced > ANSWER_LIMIT as u64 {
        return Err(HttpError::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > ANSWER_LIMIT {
            return Err(HttpError::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = core::mem::take(response.headers_mut());
    Ok(answer)
}

/// Whether nothing sent to this URL can leave the machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use openidconnect::http::Request;
    use url::Url;

    use super::{HttpClient, HttpError, is_loopback};

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[test]
    fn loopback_is_this_machine_and_no_look_alike() {
        for text in [
            "http://localhost:7000",
            "http://127.0.0.1",
            "http://127.9.9.9:1",
            "http://[::1]/x",
        ] {
            assert!(is_loopback(&url(text)), "{text} is loopback");
        }
        for text in [
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1",
            "http://0.0.0.0",
            "http://[::]",
            "http://[::ffff:127.0.0.1]",
            "file:///etc/passwd",
        ] {
            assert!(!is_loopback(&url(text)), "{text} is not loopback");
        }
    }

    #[tokio::test]
    async fn plain_http_leaves_this_machine_never() {
        let client = HttpClient::new().expect("an HTTP client");
        for text in [
            "http://192.0.2.1/",
            "http://example.com/",
            "ftp://127.0.0.1/",
        ] {
            let request = Request::get(text).body(Vec::new()).expect("a request");
            assert_eq!(
                client.send(request).await.err(),
                Some(HttpError::Url),
                "{text}"
            );
        }
    }
}
