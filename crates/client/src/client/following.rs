//! The state of following the event stream; what changes it is in `follow`.

use gloo_timers::callback::Timeout;

use crate::lock::LockGuard;
use crate::transport::Stream;

/// The stream that is open, or about to be.
#[derive(Default)]
pub(super) struct Following {
    /// The access token it was opened with; `None` if there is no stream.
    pub(super) token: Option<String>,
    /// Tells streams apart: what a closed one still says is not heard.
    pub(super) number: u64,
    pub(super) stream: Option<Stream>,
    pub(super) ready: bool,
    /// Streams in a row that were never ready.
    pub(super) failures: u32,
    /// A 401 has led to a refresh since a stream was last ready.
    pub(super) refused: bool,
    /// The person has just come back: if no stream opens, ask in another way.
    pub(super) returned: bool,
    pub(super) timer: Option<Timeout>,
    pub(super) place: Place,
}

/// Where this tab stands among those that would follow.
#[derive(Default)]
pub(super) enum Place {
    #[default]
    Away,
    InLine,
    /// It is this tab's turn, until the lock is dropped.
    First(#[expect(dead_code, reason = "it is held, not read")] LockGuard),
}
