//! The servers to measure.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use latchkey_testing::{ApiClient, Database, Postgres, Redis, ServerProcess};
use tempfile::TempDir;

/// Starts `latchkey serve` in this directory.
pub(crate) fn start(
    program: &Path,
    folder: &Path,
    variables: &[(&str, String)],
) -> Result<ServerProcess> {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
        .args(["--data-dir", "data"])
        // Tokens must not expire during a measurement.
        .env("LATCHKEY_TOKENS__ACCESS_TTL", "1h")
        // All requests come from one address.
        .env("LATCHKEY_LIMITS__PER_ADDRESS", "off")
        .env("LATCHKEY_LIMITS__PER_SESSION", "off")
        .envs(variables.iter().map(|(name, value)| (name, value)));
    ServerProcess::start(&mut command)
}

/// Two servers with the same database.
pub(crate) struct Pair {
    pub(crate) one: ServerProcess,
    pub(crate) two: ServerProcess,
    _folders: [TempDir; 2],
    pub(crate) database: Box<dyn Database>,
}

impl Pair {
    pub(crate) fn start(program: &Path, kind: &str) -> Result<Self> {
        let database: Box<dyn Database> = match kind {
            "redis" => Box::new(Redis::start()?),
            _ => Box::new(Postgres::start()?),
        };
        let mut variables = vec![
            ("LATCHKEY_STORE__KIND", kind.to_owned()),
            ("LATCHKEY_STORE__URL", database.url()),
        ];
        let folders = [tempfile::tempdir()?, tempfile::tempdir()?];
        let one = start(program, folders[0].path(), &variables)?;
        let key = folders[0]
            .path()
            .join("data/master.key")
            .display()
            .to_string();
        variables.push(("LATCHKEY_PUBLIC_URL", one.url().to_owned()));
        variables.push(("LATCHKEY_MASTER_KEY_FILE", key));
        let two = start(program, folders[1].path(), &variables)?;
        Ok(Self {
            one,
            two,
            _folders: folders,
            database,
        })
    }

    /// A client for each server.
    pub(crate) fn clients(&self) -> Clients {
        Clients {
            one: ApiClient::new(self.one.url().to_owned()),
            two: ApiClient::new(self.two.url().to_owned()),
        }
    }
}

/// The clients for a [`Pair`].
pub(crate) struct Clients {
    pub(crate) one: ApiClient,
    pub(crate) two: ApiClient,
}
