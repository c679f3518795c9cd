//! The streams of an HTTP/2 connection: how many are open, and whether their clients read.
//!
//! A client of HTTP/2 can stop reading one stream while the connection goes on: nothing waits to
//! be written then, so [`WriteDeadline`](super::deadline::WriteDeadline) sees nothing. Here each
//! stream runs as a task, which is dropped if its response makes no progress.

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

/// The most that is handed over at once: what a stalled client holds, and what a slow one must take
/// within the limit to count as reading.
const PIECE: usize = 16 * 1024;

tokio::task_local! {
    /// The progress of the stream whose task this is. Absent in HTTP/1.
    static PROGRESS: Arc<Progress>;
}

/// What happens on a connection.
#[derive(Debug)]
pub(super) struct Activity {
    origin: Instant,
    begun: AtomicBool,
    http2: AtomicBool,
    streams: AtomicUsize,
    /// When the last stream ended, in milliseconds from `origin`.
    quiet_since: AtomicU64,
    stalled: Notify,
}

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// No request came in time.
    Silent,
    /// An HTTP/2 connection has carried no request for a while.
    Idle,
    /// A client of HTTP/2 did not read a response.
    Stalled,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            origin: Instant::now(),
            begun: AtomicBool::new(false),
            http2: AtomicBool::new(false),
            streams: AtomicUsize::new(0),
            quiet_since: AtomicU64::new(0),
            stalled: Notify::new(),
        })
    }

    /// A request has arrived.
    pub(super) fn begin(&self) {
        self.begun.store(true, Ordering::Relaxed);
    }

    fn open(self: &Arc<Self>) -> Open {
        self.http2.store(true, Ordering::Relaxed);
        self.streams.fetch_add(1, Ordering::Relaxed);
        Open(Arc::clone(self))
    }

    /// Done when the connection is to be closed. An idle HTTP/1 connection is hyper's to close.
    pub(super) async fn over(&self, idle: Duration) -> Over {
        let mut wait = idle;
        loop {
            tokio::select! {
                () = sleep(wait) => {}
                () = self.stalled.notified() => return Over::Stalled,
            }
            if !self.begun.load(Ordering::Relaxed) {
                return Over::Silent;
            }
            if !self.http2.load(Ordering::Relaxed) {
                return core::future::pending().await;
            }
            wait = idle;
            if self.streams.load(Ordering::Relaxed) == 0 {
                let since = Duration::from_millis(self.quiet_since.load(Ordering::Relaxed));
                wait = idle.saturating_sub(self.origin.elapsed().saturating_sub(since));
                if wait.is_zero() {
                    return Over::Idle;
                }
            }
        }
    }
}

/// One open stream.
struct Open(Arc<Activity>);

impl Drop for Open {
    fn drop(&mut self) {
        let now = u64::try_from(self.0.origin.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.quiet_since.store(now, Ordering::Relaxed);
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs the streams of one connection.
#[derive(Clone)]
pub(super) struct Streams {
    pub(super) activity: Arc<Activity>,
    pub(super) limit: Duration,
    /// Whether the connection carries the streams of many clients.
    pub(super) shared: bool,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let (open, limit, shared) = (self.activity.open(), self.limit, self.shared);
        tokio::spawn(async move {
            if !ends_or_stalls(stream, limit).await && !shared {
                open.0.stalled.notify_one();
            }
        });
    }
}

/// Whether the stream came to its end; `false` if its client did not read for too long.
async fn ends_or_stalls(stream: impl Future<Output = ()>, limit: Duration) -> bool {
    let progress = Arc::new(Progress::default());
    let mut stream = pin!(PROGRESS.scope(Arc::clone(&progress), stream));
    let mut timer: Option<Pin<Box<Sleep>>> = None;
    let mut seen = 0;
    poll_fn(|context| {
        if stream.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        if !progress.on_client.load(Ordering::Relaxed) {
            timer = None;
            return Poll::Pending;
        }
        let pieces = progress.pieces.load(Ordering::Relaxed);
        if pieces != seen {
            (seen, timer) = (pieces, None);
        }
        let timer = timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        timer.as_mut().poll(context).map(|()| false)
    })
    .await
}

/// How far a response has come.
#[derive(Debug, Default)]
struct Progress {
    /// Whether it is the client that has to do something: read what was handed over.
    on_client: AtomicBool,
    pieces: AtomicU32,
}

impl Progress {
    fn wait_for_client(&self) {
        self.on_client.store(true, Ordering::Relaxed);
        self.pieces.fetch_add(1, Ordering::Relaxed);
    }
}

/// Lets the progress of this response be seen, if it goes over HTTP/2.
pub(super) fn watched(response: Response) -> Response {
    let Ok(progress) = PROGRESS.try_with(Arc::clone) else {
        return response;
    };
    progress.wait_for_client();
    response.map(|body| {
        Body::new(Watched {
            body,
            rest: Bytes::new(),
            handed_over: false,
            progress,
        })
    })
}

/// A body in pieces. It ends only after its last piece was taken: hyper drops a body with its last
/// piece, and nobody would know whether that one is ever read.
struct Watched {
    body: Body,
    rest: Bytes,
    handed_over: bool,
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
            this.progress.on_client.store(false, Ordering::Relaxed);
            let frame = match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                ended => return Poll::Ready(ended),
            };
            match frame.into_data() {
                Ok(data) => this.rest = data,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
        this.handed_over = true;
        this.progress.wait_for_client();
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        !self.handed_over && self.body.is_end_stream()
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
