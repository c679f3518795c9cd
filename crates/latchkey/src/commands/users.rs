//! `latchkey users`: bans and unbans users.

use super::admin::{self, selector};
use super::report::Report;
use crate::cli::UsersCommand;
use crate::control::protocol::AdminCommand;

/// Bans a user, or lifts a ban.
pub(super) async fn run(command: UsersCommand) -> anyhow::Result<Report> {
    match command {
        UsersCommand::Ban {
            overrides,
            user,
            reason,
        } => {
            let user = selector(user)?;
            admin::run(&overrides, AdminCommand::BanUser { user, reason }).await
        }
        UsersCommand::Unban { overrides, user } => {
            let user = selector(user)?;
            admin::run(&overrides, AdminCommand::UnbanUser { user }).await
        }
    }
}
