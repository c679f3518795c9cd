//! Shared by the commands for users, sessions, denials and signing keys. They send the command to the
//! server that uses the data directory. If no server is running, they use the store directly.

use anyhow::bail;
use latchkey_axum::SystemClock;
use latchkey_axum::use_cases::operator::{Operator, UserSelector};
use latchkey_core::Clock as _;

use super::offline::open_offline;
use super::report::Report;
use crate::cli::{Overrides, PageArgs, UserArgs};
use crate::config;
use crate::control::protocol::{AdminCommand, Command, PageRequest};
use crate::control::{self, execute};

/// The user that the flags select.
pub(super) fn selector(user: UserArgs) -> anyhow::Result<UserSelector> {
    match (user.id, user.email) {
        (Some(id), _) => Ok(UserSelector::Id(id)),
        (None, Some(email)) => Ok(UserSelector::Email(email)),
        (None, None) => bail!("specify a user by id or by email address"),
    }
}

/// The user with this id or email address.
pub(super) fn named(user: String) -> UserSelector {
    match user.parse() {
        Ok(id) => UserSelector::Id(id),
        Err(_) => UserSelector::Email(user),
    }
}

pub(super) fn page(page: PageArgs) -> PageRequest {
    PageRequest {
        limit: page.limit.into(),
        before: page.before,
    }
}

/// Executes the command through a running server, or on the store if no server is running.
pub(super) async fn run(overrides: &Overrides, command: AdminCommand) -> anyhow::Result<Report> {
    let config = config::load_for(overrides, std::env::vars_os())?;
    let online = Command::Admin(command.clone());
    if let Some(outcome) = control::send(&config.data_dir, online).await? {
        return Ok(Report::Admin(outcome));
    }
    let store = open_offline(&config).await?;
    let operator = Operator::offline(&*store, SystemClock.now());
    Ok(Report::Admin(execute(&operator, None, command).await?))
}
