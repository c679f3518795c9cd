//! `latchkey sessions`: ending them.

use super::operate::{carry_out, who};
use crate::cli::{Account, SessionsCommand};
use crate::control::Order;

/// Ends the sessions of one account, or of everyone.
pub(super) async fn run(command: SessionsCommand) -> anyhow::Result<()> {
    let SessionsCommand::End {
        overrides,
        user,
        email,
        all,
    } = command;
    let order = if all {
        Order::EndEveryone
    } else {
        let account = Account { id: user, email };
        Order::EndSessions { who: who(account)? }
    };
    carry_out(&overrides, order).await
}
