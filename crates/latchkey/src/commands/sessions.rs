//! `latchkey sessions`: lists and ends sessions.

use super::admin::{self, named, page, selector};
use super::report::Report;
use crate::cli::{SessionsCommand, UserArgs};
use crate::control::protocol::AdminCommand;

/// Lists sessions, or ends one session, the sessions of one user, or those of all users.
pub(super) async fn run(command: SessionsCommand) -> anyhow::Result<Report> {
    match command {
        SessionsCommand::List {
            overrides,
            user,
            page: args,
        } => {
            let list = AdminCommand::ListSessions {
                user: user.map(named),
                page: page(args),
            };
            admin::run(&overrides, list).await
        }
        SessionsCommand::End {
            overrides,
            session,
            user,
            email,
            all,
        } => {
            let command = if all {
                AdminCommand::EndAllSessions
            } else if let Some(session) = session {
                AdminCommand::EndSession { session }
            } else {
                let user = selector(UserArgs { id: user, email })?;
                AdminCommand::EndSessions { user }
            };
            admin::run(&overrides, command).await
        }
    }
}
