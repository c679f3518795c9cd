//! `latchkey sessions`: ends sessions.

use super::admin::{self, selector};
use super::report::Report;
use crate::cli::{SessionsCommand, UserArgs};
use crate::control::protocol::AdminCommand;

/// Ends the sessions of one user, or of all users.
pub(super) async fn run(command: SessionsCommand) -> anyhow::Result<Report> {
    let SessionsCommand::End {
        overrides,
        user,
        email,
        all,
    } = command;
    let command = if all {
        AdminCommand::EndAllSessions
    } else {
        let user = selector(UserArgs { id: user, email })?;
        AdminCommand::EndSessions { user }
    };
    admin::run(&overrides, command).await
}
