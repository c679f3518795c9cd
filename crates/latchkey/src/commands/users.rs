//! `latchkey users`: finds users, bans and unbans them, grants roles.

use super::admin::{self, named, page, selector};
use super::local_accounts;
use super::report::Report;
use super::time::future;
use crate::cli::{Status, UsersCommand};
use crate::control::protocol::AdminCommand;

/// Lists, shows or changes users.
pub(super) async fn run(command: UsersCommand) -> anyhow::Result<Report> {
    match command {
        UsersCommand::List {
            overrides,
            query,
            status,
            role,
            page: args,
        } => {
            let list = AdminCommand::ListUsers {
                text: query,
                banned: status.map(|status| matches!(status, Status::Banned)),
                role,
                page: page(args),
            };
            admin::run(&overrides, list).await
        }
        UsersCommand::Show { overrides, user } => {
            let user = named(user);
            admin::run(&overrides, AdminCommand::ShowUser { user }).await
        }
        UsersCommand::SetRoles {
            overrides,
            user,
            roles,
        } => {
            let user = named(user);
            admin::run(&overrides, AdminCommand::SetRoles { user, roles }).await
        }
        UsersCommand::Ban {
            overrides,
            user,
            reason,
            until,
        } => {
            let ban = AdminCommand::BanUser {
                user: selector(user)?,
                reason,
                until: until.as_deref().map(future).transpose()?,
            };
            admin::run(&overrides, ban).await
        }
        UsersCommand::Create(arguments) => local_accounts::create(arguments).await,
        UsersCommand::Invite(arguments) => local_accounts::invite(arguments).await,
        UsersCommand::ResetPassword(arguments) => local_accounts::reset_password(arguments).await,
        UsersCommand::Unban { overrides, user } => {
            let user = selector(user)?;
            admin::run(&overrides, AdminCommand::UnbanUser { user }).await
        }
    }
}
