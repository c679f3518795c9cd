//! Serves a scripted site on a free port of the loopback address until it is dropped.

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A site that is about to be served.
pub(crate) struct Bound {
    listener: TcpListener,
    /// The URL of the site, without a trailing slash.
    pub(crate) url: String,
}

impl Bound {
    /// Binds a free port.
    pub(crate) async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        Self { listener, url }
    }

    /// Serves the site in the background.
    pub(crate) fn serve(self, app: Router) -> Serving {
        Serving(tokio::spawn(async move {
            axum::serve(self.listener, app)
                .await
                .expect("the scripted site failed");
        }))
    }
}

/// Stops serving when it is dropped.
#[derive(Debug)]
pub(crate) struct Serving(JoinHandle<()>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}
