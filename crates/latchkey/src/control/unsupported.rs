//! Where there are no Unix sockets, no command reaches a running server.

use std::path::Path;

use latchkey_axum::Latchkey;

use super::protocol::{Command, Outcome};

/// Listens for nothing.
pub fn listen(_: &Path, _: Latchkey) -> Option<()> {
    None
}

/// Finds no server.
#[expect(clippy::unused_async, reason = "as where there are sockets")]
pub async fn export(_: &Path) -> anyhow::Result<Option<tokio::io::Empty>> {
    Ok(None)
}

/// Finds no server.
#[expect(clippy::unused_async, reason = "as where there are sockets")]
pub async fn ask(_: &Path, _: Command) -> anyhow::Result<Option<Outcome>> {
    Ok(None)
}
