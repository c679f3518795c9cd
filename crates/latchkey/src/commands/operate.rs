//! What operators do from the command line: through the server that runs over the data directory,
//! or on its store if none does.

use anyhow::bail;
use latchkey_axum::SystemClock;
use latchkey_axum::use_cases::operator::{Operator, Who};
use latchkey_core::Clock as _;

use super::{open_at_rest, say};
use crate::cli::{Account, Overrides};
use crate::config;
use crate::control::{self, Order, Request};

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
        let store = open_at_rest(&config).await?;
        control::operate(&Operator::over(&*store, SystemClock.now()), order).await
    };
    say(&reply.map_err(anyhow::Error::msg)?);
    Ok(())
}
