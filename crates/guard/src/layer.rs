//! A tower layer that protects whole routers.

use core::pin::Pin;
use core::task::{Context, Poll};

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use tower::{Layer, Service};

use crate::guard::Guard;

/// Refuses requests without a valid access token before they reach a handler.
///
/// ```
/// use axum::{Router, routing::get};
/// use latchkey_guard::{Guard, GuardLayer};
///
/// fn private(guard: Guard) -> Router {
///     Router::new()
///         .route("/reports", get(async || "for signed-in users only"))
///         .route_layer(GuardLayer::new(guard))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct GuardLayer(Guard);

impl GuardLayer {
    /// Creates a layer that authenticates requests with this guard.
    pub fn new(guard: Guard) -> Self {
        Self(guard)
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded {
            guard: self.0.clone(),
            inner,
        }
    }
}

/// The service that [`GuardLayer`] creates.
#[derive(Clone, Debug)]
pub struct Guarded<S> {
    guard: Guard,
    inner: S,
}

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Response = Response> + Send + 'static,
    S::Error: Send,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        match self.guard.authenticate(&mut parts) {
            Ok(_) => Box::pin(self.inner.call(Request::from_parts(parts, body))),
            Err(error) => {
                let response = self.guard.reject(error).into_response();
                Box::pin(core::future::ready(Ok(response)))
            }
        }
    }
}
