//! The control socket on platforms without Unix sockets: commands cannot reach a running server.

use std::path::Path;

use latchkey_axum::Latchkey;

use super::audit::AuditRequest;
use super::outcome::Outcome;
use super::protocol::Command;

/// Does nothing.
pub fn listen(_: &Path, _: Latchkey) -> Option<()> {
    None
}

/// Always `None`.
#[expect(clippy::unused_async, reason = "same signature as with sockets")]
pub async fn export(_: &Path) -> anyhow::Result<Option<tokio::io::Empty>> {
    Ok(None)
}

/// Always `None`.
#[expect(clippy::unused_async, reason = "same signature as with sockets")]
pub async fn read_audit(_: &Path, _: AuditRequest) -> anyhow::Result<Option<tokio::io::Empty>> {
    Ok(None)
}

/// Always `None`.
#[expect(clippy::unused_async, reason = "same signature as with sockets")]
pub async fn send(_: &Path, _: Command) -> anyhow::Result<Option<Outcome>> {
    Ok(None)
}
