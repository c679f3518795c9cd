//! The HTTP API, tested over HTTP: each test starts a server of its own on a free port, over a
//! store in a temporary directory, with a clock that it sets.

mod app;

mod api;
mod oauth;
