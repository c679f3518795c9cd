//! The control socket on platforms with Unix sockets.

use core::time::Duration;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use latchkey_axum::Latchkey;
use latchkey_axum::services::Services;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::audit::AuditRequest;
use super::outcome::Outcome;
use super::protocol::{self, Command, ResponseBody};
use super::{handle, socket_path};

/// How long the server waits for the request line.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait after an error, so that the accept loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a command may take. Some commands change every session in the store.
const COMMAND_TIMEOUT: Duration = Duration::from_mins(10);
/// The maximum length of a request line.
const MAX_REQUEST_BYTES: u64 = 64 * 1024;
/// The maximum length of a response line: enough for a page of 100 entries.
const MAX_RESPONSE_BYTES: u64 = 1024 * 1024;

/// A listening control socket. Dropping it removes the socket.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        drop(fs::remove_file(&self.path));
    }
}

/// Listens for commands. Without a control socket, the server still serves requests.
pub fn listen(data_dir: &Path, latchkey: Latchkey) -> Option<Control> {
    let path = socket_path(data_dir);
    match bind(&path) {
        Ok(listener) => {
            let task = tokio::spawn(accept(listener, latchkey));
            Some(Control { path, task })
        }
        Err(error) => {
            let path = path.display();
            tracing::warn!(%path, %error, "cannot open the control socket; commands will not reach this server");
            None
        }
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    // An existing socket was left behind, because no other server uses this data directory: an
    // embedded store is locked, and with a shared store each server has its own directory.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn accept(listener: UnixListener, latchkey: Latchkey) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // The cause may be temporary, such as too many open files.
                tracing::error!(%error, "cannot accept a command");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let latchkey = latchkey.clone();
        tokio::spawn(async move {
            if let Err(error) = respond(stream, latchkey.services()).await {
                tracing::debug!(%error, "failed to respond to a command");
            }
        });
    }
}

async fn respond(stream: UnixStream, services: &Services) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut read = BufReader::new(read.take(MAX_REQUEST_BYTES));
    // Once the command is read, it runs to completion even if the client disconnects.
    tokio::time::timeout(REQUEST_TIMEOUT, read.read_line(&mut line)).await??;
    let command = match protocol::read_request(&line) {
        Ok(command) => command,
        Err(line) => return write.write_all(line.as_bytes()).await,
    };
    let audit = match &command {
        Command::Audit(request) => Some(request.clone()),
        _ => None,
    };
    let body = handle(services, command).await;
    let is_backup = body == ResponseBody::Backup;
    let line = protocol::response(body)?;
    write.write_all(line.as_bytes()).await?;
    if is_backup {
        send_backup(write, services).await?;
    } else if let Some(request) = audit {
        send_records(write, services, request).await?;
    }
    Ok(())
}

/// Sends the lines of a backup. If this fails, the client notices that the last line is missing.
async fn send_backup(mut write: OwnedWriteHalf, services: &Services) -> io::Result<()> {
    let mut export = services.export(super::command_line());
    while let Some(lines) = export.next().await.map_err(|error| {
        tracing::error!(%error, "backup stopped");
        io::Error::other(error)
    })? {
        write.write_all(&lines).await?;
    }
    Ok(())
}

/// Sends audit records, and an empty line after the last one.
async fn send_records(
    mut write: OwnedWriteHalf,
    services: &Services,
    request: AuditRequest,
) -> io::Result<()> {
    let events = super::audit::audit_events(&*services.store, request).await;
    let events = events.map_err(|error| {
        tracing::error!(%error, "cannot read audit records");
        io::Error::other(error)
    })?;
    for event in events {
        let line = serde_json::to_string(&event)? + "\n";
        write.write_all(line.as_bytes()).await?;
    }
    write.write_all(b"\n").await
}

/// Requests audit records from the server that uses this data directory and returns its lines.
/// `None` if no server is running.
pub async fn read_audit(
    data_dir: &Path,
    request: AuditRequest,
) -> anyhow::Result<Option<BufReader<OwnedReadHalf>>> {
    let Some(stream) = connect(data_dir).await? else {
        return Ok(None);
    };
    match exchange(stream, Command::Audit(request)).await? {
        (ResponseBody::Records, lines) => Ok(Some(lines)),
        (other, _) => bail!("unexpected response from the server: {other:?}"),
    }
}

/// Requests a backup from the server that uses this data directory and returns its lines. `None` if
/// no server is running.
pub async fn export(data_dir: &Path) -> anyhow::Result<Option<BufReader<OwnedReadHalf>>> {
    let Some(stream) = connect(data_dir).await? else {
        return Ok(None);
    };
    match exchange(stream, Command::Export).await? {
        (ResponseBody::Backup, lines) => Ok(Some(lines)),
        (other, _) => bail!("unexpected response from the server: {other:?}"),
    }
}

/// Sends a command to the server that uses this data directory. `None` if no server is running.
pub async fn send(data_dir: &Path, command: Command) -> anyhow::Result<Option<Outcome>> {
    let Some(stream) = connect(data_dir).await? else {
        return Ok(None);
    };
    match exchange(stream, command).await? {
        (ResponseBody::Outcome(outcome), _) => Ok(Some(outcome)),
        (other, _) => bail!("unexpected response from the server: {other:?}"),
    }
}

/// Sends the command and returns the response, and the reader for the lines that follow it.
async fn exchange(
    stream: UnixStream,
    command: Command,
) -> anyhow::Result<(ResponseBody, BufReader<OwnedReadHalf>)> {
    let conversation = async {
        let (read, mut write) = stream.into_split();
        let line = protocol::request(command)?;
        write.write_all(line.as_bytes()).await?;
        let mut read = BufReader::new(read);
        let mut line = String::new();
        let mut first = (&mut read).take(MAX_RESPONSE_BYTES);
        first.read_line(&mut line).await?;
        Ok((protocol::read_response(&line)?, read))
    };
    tokio::time::timeout(COMMAND_TIMEOUT, conversation)
        .await
        .context("the server did not respond")?
}

async fn connect(data_dir: &Path) -> anyhow::Result<Option<UnixStream>> {
    let path = socket_path(data_dir);
    match UnixStream::connect(&path).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error)
            if matches!(
                error.kind(),
                // The path can be too long for a socket; then no server listens there.
                io::ErrorKind::NotFound
                    | io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::InvalidInput
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error).context(format!("control socket {}", path.display())),
    }
}
