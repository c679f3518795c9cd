//! Requests, answers and streams, and who carries them: `fetch` in the browser, a stub in tests.

use core::fmt;
use core::future::Future;
use core::pin::Pin;

/// The methods in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    #[default]
    Get,
    /// `POST`.
    Post,
    /// `DELETE`.
    Delete,
}

impl Method {
    /// As it stands in HTTP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request, ready to go.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// A path of this origin.
    pub path: String,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body, its media type among the headers.
    pub body: Option<String>,
    /// Goes through even if the page is left meanwhile.
    pub keepalive: bool,
}

/// Tokens never reach a console through `{:?}`.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// An answer, whatever its status.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Seconds to wait, if the server said so (`Retry-After`).
    pub retry_after: Option<u32>,
    /// What the next DPoP proof must repeat, if the server said so (`DPoP-Nonce`, RFC 9449 §8).
    pub nonce: Option<String>,
    /// The body.
    pub body: String,
}

/// Tokens never reach a console through `{:?}`.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// No answer came, or not in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable;

/// An answer to come.
pub type Answer = Pin<Box<dyn Future<Output = Result<Response, Unreachable>>>>;

/// What comes of a stream, in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEvent<'a> {
    /// Some bytes of the body, cut anywhere.
    Bytes(&'a [u8]),
    /// Nothing more. The HTTP status, if there was an answer at all: bytes come with 200 alone.
    Over(Option<u16>),
}

/// Hears the pieces of a stream.
pub type Listener = Box<dyn Fn(StreamEvent<'_>)>;

/// A stream that is listened to; dropped, it is closed.
#[derive(Default)]
pub struct Stream(Option<Box<dyn FnOnce()>>);

impl Stream {
    /// A stream that `close` closes.
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

/// Carries requests.
pub trait Transport {
    /// Sends. The request must be on its way when this returns, not only when the answer is
    /// first waited for: what was read from storage a moment ago is what must be sent.
    fn send(&self, outgoing: Request) -> Answer;

    /// Sends, and hands the body on while it comes. One that knows no streams says nothing.
    fn stream(&self, _outgoing: Request, _listener: Listener) -> Stream {
        Stream::default()
    }
}
