//! `latchkey denials`: lists the denylist, adds to it, lifts a denial.

use std::io::{Read as _, stdin};

use anyhow::{Context as _, bail};

use super::admin::{self, page};
use super::report::Report;
use crate::cli::DenialsCommand;
use crate::control::details::TokenText;
use crate::control::protocol::{AdminCommand, DenialTarget};

/// The maximum length of a token on standard input.
const MAX_TOKEN_BYTES: u64 = 16 * 1024;

/// Lists or changes the denylist.
pub(super) async fn run(command: DenialsCommand) -> anyhow::Result<Report> {
    match command {
        DenialsCommand::List {
            overrides,
            page: args,
        } => {
            let page = page(args);
            admin::run(&overrides, AdminCommand::ListDenials { page }).await
        }
        DenialsCommand::Add {
            overrides,
            token_stdin: _,
            session,
            user,
            reason,
        } => {
            let target = match (session, user) {
                (Some(session), _) => DenialTarget::Session(session),
                (None, Some(user)) => DenialTarget::User(user),
                (None, None) => DenialTarget::Token(token()?),
            };
            admin::run(&overrides, AdminCommand::AddDenial { target, reason }).await
        }
        DenialsCommand::Lift { overrides, token } => {
            admin::run(&overrides, AdminCommand::LiftDenial { token }).await
        }
    }
}

/// Reads the token from standard input, because other users of the machine can see arguments.
fn token() -> anyhow::Result<TokenText> {
    let mut text = String::new();
    let mut input = stdin().take(MAX_TOKEN_BYTES);
    input
        .read_to_string(&mut text)
        .context("cannot read the access token from standard input")?;
    let token = text.trim();
    if token.is_empty() {
        bail!("standard input is empty; it must be an access token");
    }
    if input.limit() == 0 {
        bail!("standard input has {MAX_TOKEN_BYTES} bytes or more; it must be an access token");
    }
    Ok(TokenText(token.to_owned()))
}
