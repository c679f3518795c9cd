//! The state of the event stream subscription. The transitions are in `event_stream`.

use gloo_timers::callback::Timeout;

use crate::lock::LockGuard;
use crate::transport::Stream;

/// The stream that is open or being opened.
#[derive(Default)]
pub(super) struct Subscription {
    /// The access token of the stream that is open, being opened, or waiting until this tab is the
    /// leader; `None` if there is no such stream.
    pub(super) token: Option<String>,
    /// Identifies the current stream, so that late events of a closed stream are ignored.
    pub(super) number: u64,
    pub(super) stream: Option<Stream>,
    pub(super) ready: bool,
    /// Consecutive streams that ended before they were ready.
    pub(super) failures: u32,
    /// A 401 has caused a refresh since a stream was last ready.
    pub(super) refused: bool,
    /// The user has just returned: if no stream opens, check the session with a request.
    pub(super) returned: bool,
    pub(super) timer: Option<Timeout>,
    pub(super) role: Role,
}

/// This tab's role in the leader election for the event stream.
#[derive(Default)]
pub(super) enum Role {
    #[default]
    Idle,
    Waiting,
    /// This tab is the leader until the lock is dropped.
    Leader(#[expect(dead_code, reason = "held for its lock, never read")] LockGuard),
}
