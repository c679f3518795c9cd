//! A private PostgreSQL.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::process::{Server, free_port, program, wait_until};
use crate::{Certificate, Database};

const PACKAGE: &str = "postgresql";
/// Whose processes they are, where we are root: PostgreSQL refuses to be.
const USER: &str = "postgres";

/// The server.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    port: u16,
    settings: Vec<String>,
    databases: AtomicU32,
    server: Server,
}

impl Postgres {
    /// As it comes.
    pub fn start() -> Result<Self> {
        Self::with(&[])
    }

    /// That talks TLS; clients are to trust the authority of the certificate.
    pub fn with_tls() -> Result<(Self, Certificate)> {
        let certificate = Certificate::new()?;
        give_away(certificate.folder())?;
        let setting = |name: &str, file: &Path| format!("{name}={}", file.display());
        let postgres = Self::with(&[
            "ssl=on",
            &setting("ssl_cert_file", &certificate.certificate),
            &setting("ssl_key_file", &certificate.key),
        ]);
        Ok((postgres?, certificate))
    }

    /// With these settings: `synchronous_commit=off`.
    pub fn with(settings: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        give_away(folder.path())?;
        let mut initdb = as_user(&tool("initdb")?);
        let done = initdb
            .current_dir("/")
            .args(["--auth=trust", "--username=latchkey", "--encoding=UTF8"])
            .args(["--no-locale", "--no-instructions", "--no-sync", "--pgdata"])
            .arg(&data)
            .output()
            .context("initdb")?;
        if !done.status.success() {
            bail!("initdb: {}", String::from_utf8_lossy(&done.stderr));
        }
        let port = free_port()?;
        let settings: Vec<_> = settings.iter().map(ToString::to_string).collect();
        let server = run(folder.path(), port, &settings)?;
        let mut postgres = Self {
            folder,
            port,
            settings,
            databases: AtomicU32::new(0),
            server,
        };
        postgres.wait()?;
        Ok(postgres)
    }

    /// The url of a new, empty database.
    pub fn database(&self) -> Result<String> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("latchkey_{number}");
        self.say(&format!("CREATE DATABASE {name}"))?;
        Ok(self.url_of(&name))
    }

    /// Runs a statement in the first database, and gives what `psql` prints.
    pub fn say(&self, statement: &str) -> Result<String> {
        let done = Command::new(tool("psql")?)
            .args(["-X", "-q", "-A", "-t", "-d", &self.url(), "-c", statement])
            .output()
            .context("psql")?;
        if !done.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgresql://latchkey@127.0.0.1:{}/{database}", self.port)
    }

    fn wait(&mut self) -> Result<()> {
        let port = self.port.to_string();
        let is_ready = tool("pg_isready")?;
        let log = self.folder.path().join("log");
        let ready = || {
            let mut ask = Command::new(&is_ready);
            ask.args(["-q", "-h", "127.0.0.1", "-p", &port]);
            ask.status().is_ok_and(|status| status.success())
        };
        wait_until(&mut self.server, &log, ready).context("PostgreSQL")
    }
}

impl Database for Postgres {
    fn url(&self) -> String {
        self.url_of("postgres")
    }

    fn port(&self) -> u16 {
        self.port
    }

    fn start_again(&mut self) -> Result<()> {
        self.server = run(self.folder.path(), self.port, &self.settings)?;
        self.wait()
    }

    fn server(&mut self) -> &mut Server {
        &mut self.server
    }
}

fn run(folder: &Path, port: u16, settings: &[String]) -> Result<Server> {
    let mut command = as_user(&tool("postgres")?);
    command
        .current_dir("/")
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
        .args([
            "-c",
            "unix_socket_directories=",
            "-c",
            "max_connections=200",
        ]);
    for setting in settings {
        command.args(["-c", setting]);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(folder.join("log"))?);
    Ok(Server(command.spawn().context("postgres")?))
}

/// PostgreSQL's own programs: Debian keeps those of each version in a folder of its own.
fn tool(name: &str) -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut folders: Vec<_> = versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    folders.sort();
    folders.reverse();
    program(name, &folders, PACKAGE)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn as_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", USER, "--regid", USER, "--clear-groups", "--"])
        .arg(program);
    command
}

fn give_away(folder: &Path) -> Result<()> {
    if !is_root() {
        return Ok(());
    }
    let done = Command::new("chown")
        .args(["-R", USER])
        .arg(folder)
        .status();
    if !done.context("chown")?.success() {
        bail!("{} cannot be given to {USER}", folder.display());
    }
    Ok(())
}
