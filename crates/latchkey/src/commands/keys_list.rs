//! `latchkey keys list`: shows the signing keys.

use super::admin;
use super::report::Report;
use crate::cli::Overrides;
use crate::control::protocol::AdminCommand;

/// Lists the signing keys, through the running server or from the store.
pub(super) async fn run(overrides: &Overrides) -> anyhow::Result<Report> {
    admin::run(overrides, AdminCommand::ListKeys).await
}
