//! What operators do from the command line: through the server that runs over the data directory,
//! or on its store if none does.

use anyhow::bail;
use latchkey_core::Clock as _;

use super::say;
use crate::accounts::operator::{Operator, Who};
use crate::cli::{Account, Overrides};
use crate::clock::SystemClock;
use crate::config;
use crate::control::{self, Order, Request};
use crate::store;

pub(super) fn who(account: Account) -> anyhow::Result<Who> {
    match (account.id, account.email) {
        (Some(id), _) => Ok(Who::Id(id)),
        (None, Some(email)) => Ok(Who::Email(email)),
        (None, None) => bail!("say whose account it is: by its id, or by --email"),
    }
}

pub(super) async fn carry_out(overrides: &Overrides, order: Order) -> anyhow::Result<()> {
    let config = config::load_for(overrides, std::env::vars_os())?;
    let asked = control::ask(&config.data_dir, Request::Operate(order.clone())).await?;
    let reply = if let Some(reply) = asked {
        reply
    } else {
        if config.store.shared().is_none() {
            store::must_exist(&config)?;
        }
        let store = store::open_existing(&config).await?;
        control::operate(&Operator::over(&*store, SystemClock.now()), order).await
    };
    say(&reply.map_err(anyhow::Error::msg)?);
    Ok(())
}
