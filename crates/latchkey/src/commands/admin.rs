//! What the commands on users and sessions have in common: they go through the server that runs
//! over the data directory, or change its store if no server does.

use anyhow::bail;
use latchkey_axum::SystemClock;
use latchkey_axum::use_cases::operator::{Operator, UserSelector};
use latchkey_core::Clock as _;

use super::offline::open_at_rest;
use super::report::Report;
use crate::cli::{Account, Overrides};
use crate::config;
use crate::control::protocol::{AdminCommand, Command};
use crate::control::{self, execute};

/// The user that the flags select.
pub(super) fn selector(account: Account) -> anyhow::Result<UserSelector> {
    match (account.id, account.email) {
        (Some(id), _) => Ok(UserSelector::Id(id)),
        (None, Some(email)) => Ok(UserSelector::Email(email)),
        (None, None) => bail!("name a user by id or by email address"),
    }
}

/// Executes the command, online or offline.
pub(super) async fn run(overrides: &Overrides, command: AdminCommand) -> anyhow::Result<Report> {
    let config = config::load_for(overrides, std::env::vars_os())?;
    let online = Command::Admin(command.clone());
    if let Some(outcome) = control::ask(&config.data_dir, online).await? {
        return Ok(Report::Admin(outcome));
    }
    let store = open_at_rest(&config).await?;
    let operator = Operator::offline(&*store, SystemClock.now());
    Ok(Report::Admin(execute(&operator, command).await?))
}
