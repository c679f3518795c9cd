//! The HTTP API, tested over HTTP: each test starts a server of its own on a free port, over a
//! store in a temporary directory, with a clock that it sets. What only a process can show
//! (`binary`, `canary`) is shown by the real `latchkey`.

mod app;

mod access_token;
mod accounts;
mod binary;
mod canary;
mod cluster;
mod connections;
mod dpop;
mod earlier;
mod faults;
mod headers;
mod limits;
mod oauth;
mod rate_limits;
mod restart;
mod sign_in;
