//! What operators do from the command line: through the server that runs over the data directory,
//! or on its store if none does.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use latchkey_core::Clock as _;
use latchkey_tokens::SystemRng;

use super::{data_dir, master_key, say, store, store_path};
use crate::accounts::operator::{Operator, Who};
use crate::auth::keys::Keys;
use crate::cli::{Account, Overrides, SessionsCommand, UsersCommand};
use crate::clock::SystemClock;
use crate::config::{self, Config};
use crate::control::{self, Order, Request};

/// Rotates the signing key: by asking the server that runs over this store, or in the store if
/// none does.
pub(super) async fn rotate_keys(overrides: &Overrides) -> anyhow::Result<()> {
    let config = config::load_for(overrides, std::env::vars_os())?;
    if let Some(reply) = control::ask(&config.data_dir, Request::RotateKeys).await? {
        say(&reply.map_err(anyhow::Error::msg)?);
        return Ok(());
    }
    data_dir::make(&config.data_dir)?;
    let master = Arc::new(master_key::load(&config, &SystemRng)?);
    let now = SystemClock.now();
    let store = store::open_known(&config, &SystemRng, now).await?;
    let keys = Keys::load(&*store, master, config.tokens.algorithm, now).await?;
    let kid = keys.rotate(&*store, now).await?;
    say(&control::rotated(&kid));
    Ok(())
}

pub(super) async fn users(command: UsersCommand) -> anyhow::Result<()> {
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

pub(super) async fn sessions(command: SessionsCommand) -> anyhow::Result<()> {
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

fn who(account: Account) -> anyhow::Result<Who> {
    match (account.id, account.email) {
        (Some(id), _) => Ok(Who::Id(id)),
        (None, Some(email)) => Ok(Who::Email(email)),
        (None, None) => bail!("say whose account it is: by its id, or by --email"),
    }
}

/// A store that is not there must not be made by looking at it.
pub(super) fn must_exist(config: &Config) -> anyhow::Result<()> {
    let path = store_path(&config.data_dir);
    let there = path.try_exists();
    if !there.with_context(|| format!("data_dir: {}", config.data_dir.display()))? {
        bail!("there is no store in {}; check --data-dir", path.display());
    }
    Ok(())
}

async fn carry_out(overrides: &Overrides, order: Order) -> anyhow::Result<()> {
    let config = config::load_for(overrides, std::env::vars_os())?;
    let asked = control::ask(&config.data_dir, Request::Operate(order.clone())).await?;
    let reply = if let Some(reply) = asked {
        reply
    } else {
        if config.store.shared().is_none() {
            must_exist(&config)?;
        }
        let store = store::open_existing(&config).await?;
        control::operate(&Operator::over(&*store, SystemClock.now()), order).await
    };
    say(&reply.map_err(anyhow::Error::msg)?);
    Ok(())
}
