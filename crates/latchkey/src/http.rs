//! HTTP: the router, what every request goes through, and one file per endpoint.

pub mod assets;
pub mod error;
pub mod extract;
pub mod middleware;
pub mod pages;
pub mod router;
pub mod routes;
pub mod serve;
