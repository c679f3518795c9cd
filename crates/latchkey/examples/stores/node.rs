//! A server under measurement.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use latchkey_testing::{Database, Postgres, Redis, cpu_of};
use tempfile::TempDir;

/// `latchkey serve`; killed when dropped.
pub(crate) struct Node {
    child: Child,
    pub(crate) url: String,
    /// From its start until its port was open.
    pub(crate) took: Duration,
    folder: PathBuf,
}

impl Node {
    pub(crate) fn start(
        program: &Path,
        folder: &Path,
        variables: &[(&str, String)],
    ) -> Result<Self> {
        let begun = Instant::now();
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .args(["serve", "--demo", "--listen", "127.0.0.1:0"])
            .args(["--data-dir", "data"])
            // Longer than any measurement.
            .env("LATCHKEY_TOKENS__ACCESS_TTL", "1h")
            // All of the load comes from one address.
            .env("LATCHKEY_LIMITS__PER_ADDRESS", "off")
            .env("LATCHKEY_LIMITS__PER_SESSION", "off")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().context("the program does not start")?;
        let stderr = child.stderr.take().context("a pipe")?;
        let mut lines = BufReader::new(stderr).lines();
        let mut said = String::new();
        let url = loop {
            let line = lines
                .next()
                .with_context(|| format!("it ended: {said}"))??;
            if let Some((_, address)) = line.split_once("listening on ") {
                break address.trim().to_owned();
            }
            said.push_str(&line);
        };
        let took = begun.elapsed();
        // Whatever it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let folder = folder.to_owned();
        Ok(Self {
            child,
            url,
            took,
            folder,
        })
    }

    /// The file with its master key.
    pub(crate) fn master_key(&self) -> PathBuf {
        self.folder.join("data/master.key")
    }

    /// How much processor time it has taken.
    pub(crate) fn cpu(&self) -> Duration {
        cpu_of(self.child.id())
    }

    /// How much memory it has, in bytes.
    pub(crate) fn memory(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path)?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        Ok(kilobytes.context("VmRSS")?.parse::<u64>()? * 1024)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Two servers over one database.
pub(crate) struct Pair {
    pub(crate) one: Node,
    pub(crate) two: Node,
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
        let one = Node::start(program, folders[0].path(), &variables)?;
        let key = one.master_key().display().to_string();
        variables.push(("LATCHKEY_PUBLIC_URL", one.url.clone()));
        variables.push(("LATCHKEY_MASTER_KEY_FILE", key));
        let two = Node::start(program, folders[1].path(), &variables)?;
        Ok(Self {
            one,
            two,
            _folders: folders,
            database,
        })
    }
}
