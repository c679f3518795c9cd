//! A minimal axum server with one route and a fixed response: the baseline for measurements.
//!
//! `bare_axum ADDRESS PATH BODY` responds to `GET PATH` with BODY as JSON. Port 0 picks a free port.

#![expect(
    clippy::print_stderr,
    reason = "reports its address on standard error, as the server does"
)]

use std::env;

use anyhow::{Context, Result};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let mut next = |what| args.next().with_context(|| format!("{what} is missing"));
    let (address, path, body) = (next("ADDRESS")?, next("PATH")?, next("BODY")?);

    let body: &'static str = body.leak();
    let handler = move || async move { ([(CONTENT_TYPE, "application/json")], body) };
    let app = Router::new().route(&path, get(handler));

    let listener = TcpListener::bind(&address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app)
        .await
        .context("the server stopped")
}
