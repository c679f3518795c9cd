//! Proofs of possession (RFC 9449).

mod checks;
mod full;
mod nonce;
mod refresh;
mod required;
mod world;

pub(crate) use world::World;
