//! DPoP, proof of possession (RFC 9449).

mod checks;
mod client;
mod full;
mod nonce;
mod refresh;
mod required;

pub(crate) use client::DpopClient;
