//! `latchkey users create`, `invite` and `reset-password`: local accounts.

use std::io::{Read as _, stdin};

use anyhow::{Context as _, bail};
use latchkey_axum::use_cases::local_operator::LocalOperator;
use latchkey_axum::{PublicUrl, SystemClock};
use latchkey_core::{Actor, Clock as _, Device, Requester};
use latchkey_tokens::SystemRng;

use super::offline::open_offline;
use super::report::Report;
use crate::cli::Overrides;
use crate::cli::local_accounts::{CreateUser, InviteUser, ResetPassword};
use crate::config::{self, Config};
use crate::control::local_accounts::execute;
use crate::control::local_command::LocalCommand;
use crate::control::{self, protocol::Command};

/// The maximum length of the standard input, in bytes: longer than any password.
const MAX_INPUT_BYTES: u64 = 4096;

/// Creates an account.
pub(super) async fn create(arguments: CreateUser) -> anyhow::Result<Report> {
    let password = if arguments.password_stdin {
        Some(read_password()?)
    } else {
        None
    };
    let command = LocalCommand::Create {
        username: arguments.username,
        email: arguments.email,
        name: arguments.name,
        roles: arguments.roles,
        password,
    };
    run(&arguments.overrides, command).await
}

/// Creates an invitation.
pub(super) async fn invite(arguments: InviteUser) -> anyhow::Result<Report> {
    let email = arguments.email;
    run(&arguments.overrides, LocalCommand::Invite { email }).await
}

/// Creates a link to set a password.
pub(super) async fn reset_password(arguments: ResetPassword) -> anyhow::Result<Report> {
    let username = arguments.username;
    run(
        &arguments.overrides,
        LocalCommand::ResetPassword { username },
    )
    .await
}

/// Executes the command through a running server, or on the store if no server is running.
async fn run(overrides: &Overrides, command: LocalCommand) -> anyhow::Result<Report> {
    let config = config::load_for(overrides, std::env::vars_os())?;
    let online = Command::Local(command.clone());
    if let Some(outcome) = control::send(&config.data_dir, online).await? {
        return Ok(Report::Admin(outcome));
    }
    let public_url = public_url(&config)?;
    let store = open_offline(&config).await?;
    let operator = LocalOperator {
        store: &*store,
        rng: &SystemRng,
        public_url: &public_url,
        sign_up: config.local,
        now: SystemClock.now(),
        requester: Requester {
            actor: Some(Actor::CommandLine),
            device: Device::default(),
        },
    };
    Ok(Report::Admin(execute(&operator, command).await?))
}

/// The public URL, for links.
fn public_url(config: &Config) -> anyhow::Result<PublicUrl> {
    match &config.public_url {
        Some(url) => Ok(url.clone()),
        None if config.listen.port() == 0 => {
            bail!("public_url: this key is required, because links begin with it")
        }
        None => Ok(PublicUrl::of_address(config.listen, config.tls.is_some())),
    }
}

/// The standard input without the line break at its end.
fn read_password() -> anyhow::Result<String> {
    let mut text = String::new();
    let mut input = stdin().take(MAX_INPUT_BYTES);
    let read = input.read_to_string(&mut text);
    read.context("cannot read the password from standard input")?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}
