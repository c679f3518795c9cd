//! `latchkey audit`: prints the newest audit records.

use anyhow::Context as _;
use latchkey_types::admin::AuditEvent;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

use super::offline::open_offline;
use super::report::Report;
use super::time::past;
use crate::cli;
use crate::config;
use crate::control::audit::{AuditRequest, audit_events};
use crate::control::read_audit;
use crate::failure::{Failure, FailureCode};

/// Reads the records, through the running server or, if no server is running, from the store.
pub(super) async fn run(command: cli::Audit) -> anyhow::Result<Report> {
    let config = config::load_for(&command.overrides, std::env::vars_os())?;
    let time = |flag: &str, text: Option<String>| {
        let time = text.map(|text| past(&text)).transpose();
        time.map_err(|error| Failure::new(FailureCode::Usage, format!("{flag}: {error}")))
    };
    let request = AuditRequest {
        user: command.user,
        kind: command.kind,
        outcome: command.outcome.map(Into::into),
        after: time("--since", command.since)?,
        until: time("--until", command.until)?,
        limit: command.limit,
    };
    let events = match read_audit(&config.data_dir, request.clone()).await? {
        Some(lines) => read(lines).await?,
        None => audit_events(&*open_offline(&config).await?, request).await?,
    };
    Ok(Report::Audit { events })
}

/// The records that a running server sends, up to the empty line after the last one.
async fn read(mut lines: impl AsyncBufRead + Unpin) -> anyhow::Result<Vec<AuditEvent>> {
    let mut events = Vec::new();
    let mut line = String::new();
    loop {
        line.clear();
        let length = lines.read_line(&mut line).await;
        if length.context("cannot read the records from the server")? == 0 {
            anyhow::bail!("the server closed the connection before the last record; see its log");
        }
        if line == "\n" {
            return Ok(events);
        }
        let event = serde_json::from_str(&line);
        events.push(event.context("the server sent a record that cannot be read")?);
    }
}
