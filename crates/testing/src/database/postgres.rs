//! A private PostgreSQL server.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use super::{Database, poll, program, wait_until};
use crate::Certificate;
use crate::process::{Process, free_port};

const PACKAGE: &str = "postgresql";
/// The user that runs PostgreSQL if the test runs as root, which PostgreSQL does not allow.
const USER: &str = "postgres";

/// A private PostgreSQL server on a free port, which is killed when this value is dropped.
///
/// ```no_run
/// use latchkey_testing::{Database as _, Postgres};
///
/// let server = Postgres::start()?;
/// assert_eq!(server.query("SELECT 1 + 1")?.trim(), "2");
/// println!("store.url = {:?}", server.url());
/// # Ok::<(), anyhow::Error>(())
/// ```
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    port: u16,
    settings: Vec<String>,
    databases: AtomicU32,
    process: Process,
}

impl Postgres {
    /// Starts a server with the default settings.
    pub fn start() -> Result<Self> {
        Self::with(&[])
    }

    /// Starts a server with TLS. Clients must trust the authority of the certificate.
    pub fn with_tls() -> Result<(Self, Certificate)> {
        let certificate = Certificate::new()?;
        change_owner(certificate.dir())?;
        let setting = |name: &str, file: &Path| format!("{name}={}", file.display());
        let postgres = Self::with(&[
            "ssl=on",
            &setting("ssl_cert_file", &certificate.certificate),
            &setting("ssl_key_file", &certificate.key),
        ]);
        Ok((postgres?, certificate))
    }

    /// Starts a server with these settings, such as `synchronous_commit=off`.
    pub fn with(settings: &[&str]) -> Result<Self> {
        let initdb = [
            "--auth=trust",
            "--username=latchkey",
            "--encoding=UTF8",
            "--no-locale",
            "--no-instructions",
            "--no-sync",
        ];
        let settings = settings.iter().map(ToString::to_string).collect();
        Self::from_files(created_by("initdb", &initdb)?, settings)
    }

    /// Starts a server with the files in this directory.
    fn from_files(folder: TempDir, settings: Vec<String>) -> Result<Self> {
        let port = free_port()?;
        let process = run(folder.path(), port, &settings)?;
        let mut postgres = Self {
            folder,
            port,
            settings,
            databases: AtomicU32::new(0),
            process,
        };
        postgres.wait()?;
        Ok(postgres)
    }

    /// Creates an empty database and returns its URL.
    pub fn database(&self) -> Result<String> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("latchkey_{number}");
        self.query(&format!("CREATE DATABASE {name}"))?;
        Ok(self.url_of(&name))
    }

    /// Runs a statement in the database `postgres` and returns the output of `psql`.
    pub fn query(&self, statement: &str) -> Result<String> {
        let output = Command::new(tool("psql")?)
            .args(["-X", "-q", "-A", "-t", "-d", &self.url(), "-c", statement])
            .output()
            .context("psql")?;
        if !output.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgresql://latchkey@127.0.0.1:{}/{database}", self.port)
    }

    fn wait(&mut self) -> Result<()> {
        let port = self.port.to_string();
        let is_ready = tool("pg_isready")?;
        let log = self.folder.path().join("log");
        let ready = || {
            let mut check = Command::new(&is_ready);
            check.args(["-q", "-h", "127.0.0.1", "-p", &port]);
            check.status().is_ok_and(|status| status.success())
        };
        wait_until(&mut self.process, &log, ready).context("PostgreSQL")
    }
}

impl Database for Postgres {
    fn url(&self) -> String {
        self.url_of("postgres")
    }

    fn port(&self) -> u16 {
        self.port
    }

    fn restart(&mut self) -> Result<()> {
        self.process = run(self.folder.path(), self.port, &self.settings)?;
        self.wait()
    }

    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn standby(&self) -> Result<Box<dyn Database + Send>> {
        let port = self.port.to_string();
        let backup = [
            "--host=127.0.0.1",
            "--port",
            &port,
            "--username=latchkey",
            "--checkpoint=fast",
            "--write-recovery-conf",
            "--no-sync",
        ];
        let folder = created_by("pg_basebackup", &backup)?;
        let standby = Self::from_files(folder, self.settings.clone())?;
        self.query("ALTER SYSTEM SET synchronous_standby_names = '*'")?;
        self.query("SELECT pg_reload_conf()")?;
        let state = "SELECT sync_state FROM pg_stat_replication";
        poll(|| Ok(self.query(state)?.trim() == "sync"))
            .context("waiting for the synchronous standby")?;
        Ok(Box::new(standby))
    }

    fn fail_over(&mut self, standby: &mut dyn Database) -> Result<()> {
        self.process.kill()?;
        standby.promote()
    }

    fn promote(&mut self) -> Result<()> {
        let promoted = self.query("SELECT pg_promote()")?;
        if promoted.trim() != "t" {
            bail!("the standby was not promoted");
        }
        Ok(())
    }
}

/// Creates a database cluster with this tool and returns its directory.
fn created_by(name: &str, args: &[&str]) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    fs::create_dir(&data)?;
    fs::set_permissions(&data, Permissions::from_mode(0o700))?;
    change_owner(folder.path())?;
    let mut tool = as_user(&tool(name)?);
    let tool = tool.current_dir("/").args(args).arg("--pgdata").arg(&data);
    let output = tool.output().with_context(|| name.to_owned())?;
    if !output.status.success() {
        bail!("{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(folder)
}

fn run(folder: &Path, port: u16, settings: &[String]) -> Result<Process> {
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
    Ok(Process(command.spawn().context("cannot start postgres")?))
}

/// Finds a PostgreSQL program. Debian installs each version in a separate directory.
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

fn change_owner(folder: &Path) -> Result<()> {
    if !is_root() {
        return Ok(());
    }
    let status = Command::new("chown")
        .args(["-R", USER])
        .arg(folder)
        .status();
    if !status.context("chown")?.success() {
        bail!("cannot change the owner of {} to {USER}", folder.display());
    }
    Ok(())
}
