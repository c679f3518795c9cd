//! Tests of the HTTP API.

use anyhow::Result;

use super::count::Count;
use super::unit::{API, cargo_test};
use crate::tools::{databases, example_clients, faketime, mail_server, strace};
use crate::workspace::Workspace;

/// Runs the test binary `api`.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<Count> {
    strace::ensure()?;
    faketime::ensure()?;
    databases::ensure()?;
    example_clients::ensure()?;
    mail_server::ensure()?;
    let mut count = Count::default();
    cargo_test(
        workspace,
        &["--test".to_owned(), API.to_owned()],
        args,
        &mut count,
    )?;
    Ok(count)
}
