//! `latchkey users`: bans.

use super::operate::{carry_out, who};
use crate::cli::UsersCommand;
use crate::control::Order;

/// Bans an account, or lifts its ban.
pub(super) async fn run(command: UsersCommand) -> anyhow::Result<()> {
    match command {
        UsersCommand::Ban {
            overrides,
            account,
            reason,
        } => {
            let who = who(account)?;
            carry_out(&overrides, Order::BanUser { who, reason }).await
        }
        UsersCommand::Unban { overrides, account } => {
            let who = who(account)?;
            carry_out(&overrides, Order::UnbanUser { who }).await
        }
    }
}
