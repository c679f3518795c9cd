//! Tests of the HTTP API over HTTP. Each test starts its own server on a free port, with a store in
//! a temporary directory and a clock that the test controls. `binary`, `secrets_stay_out_of_logs`
//! and some tests of `earlier` and `wire_formats` run the real `latchkey` binary instead.

mod app;

mod access_token;
mod accounts;
mod binary;
mod cluster;
mod connections;
mod dpop;
mod earlier;
mod examples;
mod faults;
mod headers;
mod limits;
mod local_accounts;
mod metrics;
mod oauth;
mod openapi;
mod rate_limits;
mod restart;
mod secrets_stay_out_of_logs;
mod sign_in;
mod wire_formats;
