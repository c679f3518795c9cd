//! Where there are no Unix sockets, no command reaches a running server.

use std::path::Path;

use super::{Reply, Request};
use latchkey_axum::Latchkey;

/// Listens for nothing.
pub fn listen(_: &Path, _: Latchkey) -> Option<()> {
    None
}

/// Finds no server.
pub async fn export(_: &Path) -> anyhow::Result<Option<tokio::io::Empty>> {
    Ok(None)
}

/// Finds no server.
pub async fn ask(_: &Path, _: Request) -> anyhow::Result<Option<Reply>> {
    Ok(None)
}
