//! The HTTP transport of the client: `fetch` in the browser, a fake in tests.
//!
//! ```
//! use latchkey_client::transport::ResponseFuture;
//! use latchkey_client::{Request, Transport, Unreachable};
//!
//! /// A network that is down.
//! struct Offline;
//!
//! impl Transport for Offline {
//!     fn send(&self, _request: Request) -> ResponseFuture {
//!         Box::pin(async { Err(Unreachable) })
//!     }
//! }
//!
//! let _response = Offline.send(Request::default());
//! ```

use core::fmt;
use core::future::Future;
use core::pin::Pin;

/// The HTTP methods in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    #[default]
    Get,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `DELETE`.
    Delete,
}

impl Method {
    /// The name of the method in HTTP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An HTTP request.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// A path on this origin.
    pub path: String,
    /// Header names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body. Its media type is in the headers.
    pub body: Option<String>,
    /// Complete the request even if the page is closed.
    pub keepalive: bool,
}

/// Omits headers and body, so that tokens never appear in a console.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// An HTTP response with any status.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The `Retry-After` header, in seconds.
    pub retry_after: Option<u32>,
    /// The nonce for the next DPoP proof (`DPoP-Nonce`, RFC 9449 §8).
    pub nonce: Option<String>,
    /// The body.
    pub body: String,
}

/// Omits the body, so that tokens never appear in a console.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// There was no response, or none in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable;

/// A future response.
pub type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response, Unreachable>>>>;

/// An event of a streamed response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEvent<'a> {
    /// A chunk of the body, with arbitrary boundaries.
    Bytes(&'a [u8]),
    /// The stream ended. Contains the HTTP status if there was a response; chunks are delivered
    /// only if it is 200.
    Ended(Option<u16>),
}

/// Receives the events of a stream.
pub type Listener = Box<dyn Fn(StreamEvent<'_>)>;

/// An open stream. It is closed on drop.
#[derive(Default)]
pub struct Stream(Option<Box<dyn FnOnce()>>);

impl Stream {
    /// Creates a stream that calls `close` on drop.
    pub fn closed_by(close: impl FnOnce() + 'static) -> Self {
        Self(Some(Box::new(close)))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(close) = self.0.take() {
            close();
        }
    }
}

/// Sends HTTP requests.
pub trait Transport {
    /// Sends a request. It must be sent before this function returns, not when the future is first
    /// polled, because the token in it was read from storage just before.
    fn send(&self, request: Request) -> ResponseFuture;

    /// Sends a request and passes the body to `listener` as it arrives. The default implementation
    /// does nothing.
    fn stream(&self, _outgoing: Request, _listener: Listener) -> Stream {
        Stream::default()
    }
}
