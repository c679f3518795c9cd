//! Tracks the streams of an HTTP/2 connection: how many are open, and whether their clients read.
//!
//! An HTTP/2 client can stop reading one stream while the connection continues. No write is pending
//! then, so [`WriteDeadline`](super::deadline::WriteDeadline) does not detect it. Each stream
//! therefore runs as a task, which is dropped if its response makes no progress.

use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::rt::Executor;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep};

/// The maximum size of a chunk that is passed to hyper: the memory that a stalled client can hold,
/// and the amount that a slow client must read within the limit to count as reading.
const CHUNK_BYTES: usize = 16 * 1024;

tokio::task_local! {
    /// The progress of the stream that this task serves. Not set in HTTP/1.
    static PROGRESS: Arc<Progress>;
}

/// The activity on a connection.
#[derive(Debug)]
pub(super) struct Activity {
    origin: Instant,
    has_request: AtomicBool,
    http2: AtomicBool,
    streams: AtomicUsize,
    /// When the last stream ended, in milliseconds since `origin`.
    idle_since: AtomicU64,
    stalled: Notify,
}

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CloseReason {
    /// No request arrived in time.
    NoRequest,
    /// An HTTP/2 connection has had no request for too long.
    Idle,
    /// An HTTP/2 client did not read a response.
    Stalled,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            origin: Instant::now(),
            has_request: AtomicBool::new(false),
            http2: AtomicBool::new(false),
            streams: AtomicUsize::new(0),
            idle_since: AtomicU64::new(0),
            stalled: Notify::new(),
        })
    }

    /// Records that a request has arrived.
    pub(super) fn request_arrived(&self) {
        self.has_request.store(true, Ordering::Relaxed);
    }

    fn open_stream(self: &Arc<Self>) -> OpenStream {
        self.http2.store(true, Ordering::Relaxed);
        self.streams.fetch_add(1, Ordering::Relaxed);
        OpenStream(Arc::clone(self))
    }

    /// Completes when the connection should be closed. hyper closes idle HTTP/1 connections itself.
    pub(super) async fn close_reason(&self, idle: Duration) -> CloseReason {
        let mut wait = idle;
        loop {
            tokio::select! {
                () = sleep(wait) => {}
                () = self.stalled.notified() => return CloseReason::Stalled,
            }
            if !self.has_request.load(Ordering::Relaxed) {
                return CloseReason::NoRequest;
            }
            if !self.http2.load(Ordering::Relaxed) {
                return core::future::pending().await;
            }
            wait = idle;
            if self.streams.load(Ordering::Relaxed) == 0 {
                let since = Duration::from_millis(self.idle_since.load(Ordering::Relaxed));
                wait = idle.saturating_sub(self.origin.elapsed().saturating_sub(since));
                if wait.is_zero() {
                    return CloseReason::Idle;
                }
            }
        }
    }
}

/// One open stream.
struct OpenStream(Arc<Activity>);

impl Drop for OpenStream {
    fn drop(&mut self) {
        let now = u64::try_from(self.0.origin.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.idle_since.store(now, Ordering::Relaxed);
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs the streams of one connection as tasks.
#[derive(Clone)]
pub(super) struct Streams {
    pub(super) activity: Arc<Activity>,
    pub(super) limit: Duration,
    /// Whether many clients share the connection.
    pub(super) shared: bool,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let (open, limit, shared) = (self.activity.open_stream(), self.limit, self.shared);
        tokio::spawn(async move {
            if !runs_to_completion(stream, limit).await && !shared {
                open.0.stalled.notify_one();
            }
        });
    }
}

/// Runs a stream. `true` if it completed, `false` if its client did not read for too long.
async fn runs_to_completion(stream: impl Future<Output = ()>, limit: Duration) -> bool {
    let progress = Arc::new(Progress::default());
    let mut stream = pin!(PROGRESS.scope(Arc::clone(&progress), stream));
    let mut timer: Option<Pin<Box<Sleep>>> = None;
    let mut seen = 0;
    poll_fn(|context| {
        if stream.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        if !progress.waits_for_client.load(Ordering::Relaxed) {
            timer = None;
            return Poll::Pending;
        }
        let chunks = progress.chunks.load(Ordering::Relaxed);
        if chunks != seen {
            (seen, timer) = (chunks, None);
        }
        let timer = timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        timer.as_mut().poll(context).map(|()| false)
    })
    .await
}

/// The progress of a response.
#[derive(Debug, Default)]
struct Progress {
    /// Whether the response waits for the client to read a chunk.
    waits_for_client: AtomicBool,
    chunks: AtomicU32,
}

impl Progress {
    fn wait_for_client(&self) {
        self.waits_for_client.store(true, Ordering::Relaxed);
        self.chunks.fetch_add(1, Ordering::Relaxed);
    }
}

/// Tracks the progress of this response if it is sent over HTTP/2.
pub(super) fn watched(response: Response) -> Response {
    let Ok(progress) = PROGRESS.try_with(Arc::clone) else {
        return response;
    };
    progress.wait_for_client();
    response.map(|body| {
        Body::new(Watched {
            body,
            rest: Bytes::new(),
            has_sent: false,
            progress,
        })
    })
}

/// A body in chunks. It reports its end only when hyper polls it again after the last chunk. If it
/// reported the end together with that chunk, hyper would drop the body immediately, and it would be
/// unknown whether the client reads the chunk.
struct Watched {
    body: Body,
    rest: Bytes,
    has_sent: bool,
    progress: Arc<Progress>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if this.rest.is_empty() {
            this.progress
                .waits_for_client
                .store(false, Ordering::Relaxed);
            let frame = match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                ended => return Poll::Ready(ended),
            };
            match frame.into_data() {
                Ok(data) => this.rest = data,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
        this.has_sent = true;
        this.progress.wait_for_client();
        let chunk = this.rest.split_to(this.rest.len().min(CHUNK_BYTES));
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        !self.has_sent && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut whole = SizeHint::new();
        whole.set_lower(hint.lower() + rest);
        if let Some(upper) = hint.upper() {
            whole.set_upper(upper + rest);
        }
        whole
    }
}
