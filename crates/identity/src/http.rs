//! The HTTP client for requests to providers. It follows no redirects, and limits the time and the
//! size of responses.

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

/// The time limit for connecting, including TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The default time limit for a request, from its start to the last byte of the response; see
/// [`HttpClient::with_timeout`].
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);
/// The largest response body that is read, in bytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Sends requests to providers over https, or over http to a loopback address. Cheap to clone; all
/// clones share their connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    /// The client for https; an error if, for example, the system has no certificate authorities.
    /// Even then a provider on a loopback address must be usable.
    public: Result<reqwest::Client, Arc<str>>,
    loopback: reqwest::Client,
    timeout: Duration,
}

impl HttpClient {
    /// A client with the default timeout.
    pub fn new() -> Result<Self, ConfigError> {
        let loopback = builder()
            .no_proxy()
            .tls_certs_only([])
            .build()
            .map_err(|error| ConfigError::HttpClient(error::root_cause(&error)))?;
        let public = builder()
            .https_only(true)
            .build()
            .map_err(|error| error::root_cause(&error).into());
        Ok(Self {
            public,
            loopback,
            timeout: REQUEST_TIMEOUT,
        })
    }

    /// The same client with another time limit for a request, from its start to the last byte of
    /// the response.
    #[must_use]
    pub(crate) fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Why https is not available on this machine; `None` if it is.
    pub(crate) fn https_error(&self) -> Option<&str> {
        self.public.as_ref().err().map(|reason| &**reason)
    }

    /// Fetches the JSON document at `url`.
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

    /// Sends a request and reads the response. Redirects, server errors and status 429 are errors.
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
        *request.timeout_mut() = Some(self.timeout);
        read(client.execute(request).await?).await
    }
}

/// The settings that both clients share.
fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("latchkey/", env!("CARGO_PKG_VERSION")))
}

/// Reads a response up to the size limit.
async fn read(mut response: reqwest::Response) -> Result<HttpResponse, HttpError> {
    let status = response.status();
    if status.is_redirection() {
        return Err(HttpError::Redirect);
    }
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(HttpError::Status(status.as_u16()));
    }
    let content_length = response.content_length().unwrap_or(0);
    if content_length > MAX_BODY_BYTES as u64 {
        return Err(HttpError::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(HttpError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    let mut read = Response::new(body);
    *read.status_mut() = status;
    *read.headers_mut() = core::mem::take(response.headers_mut());
    Ok(read)
}

/// Whether the host of this URL is a loopback address, so that requests cannot leave the machine.
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
    fn only_loopback_hosts_are_recognized() {
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
    async fn plain_http_is_sent_to_loopback_only() {
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
