//! Requests and answers, and who carries them: `fetch` in the browser, a stub in tests.

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
}

impl Method {
    /// As it stands in HTTP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
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
pub struct Outgoing {
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
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// An answer, whatever its status.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Incoming {
    /// The HTTP status.
    pub status: u16,
    /// Seconds to wait, if the server said so (`Retry-After`).
    pub retry_after: Option<u32>,
    /// The body.
    pub body: String,
}

/// Tokens never reach a console through `{:?}`.
impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// No answer came, or not in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable;

/// An answer to come.
pub type Answer = Pin<Box<dyn Future<Output = Result<Incoming, Unreachable>>>>;

/// Carries requests.
pub trait Transport {
    /// Sends. The request must be on its way when this returns, not only when the answer is
    /// first waited for: what was read from storage a moment ago is what must be sent.
    fn send(&self, outgoing: Outgoing) -> Answer;
}
