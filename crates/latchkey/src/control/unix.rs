//! The control socket, where there are Unix sockets.

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

use super::protocol::{self, Answer, Command, Outcome};
use super::{serve, socket};

/// How long the server waits for a command.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a command may take: some concern every session there is.
const COMMAND_TIMEOUT: Duration = Duration::from_mins(10);
/// The longest line, in bytes.
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// The socket; gone when this is dropped.
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

/// Listens for commands. A server without a control socket serves requests all the same.
pub fn listen(data_dir: &Path, latchkey: Latchkey) -> Option<Control> {
    let path = socket(data_dir);
    match bind(&path) {
        Ok(listener) => {
            let task = tokio::spawn(answer_all(listener, latchkey));
            Some(Control { path, task })
        }
        Err(error) => {
            let path = path.display();
            tracing::warn!(%path, %error, "no control socket: commands will not reach this server");
            None
        }
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    // The store's lock says that no other server runs here: a socket that exists is a leftover.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

async fn answer_all(listener: UnixListener, latchkey: Latchkey) {
    while let Ok((stream, _)) = listener.accept().await {
        let latchkey = latchkey.clone();
        tokio::spawn(async move {
            if let Err(error) = answer(stream, latchkey.services()).await {
                tracing::debug!(%error, "a command was not answered");
            }
        });
    }
}

async fn answer(stream: UnixStream, services: &Services) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut read = BufReader::new(read.take(MAX_LINE_BYTES));
    // From here on the command is carried out, whether or not the client waits for the answer.
    tokio::time::timeout(REQUEST_TIMEOUT, read.read_line(&mut line)).await??;
    let command = match protocol::read_request(&line) {
        Ok(command) => command,
        Err(line) => return write.write_all(line.as_bytes()).await,
    };
    let answer = serve(services, command).await;
    let backup = answer == Answer::Backup;
    let line = protocol::response(answer)?;
    write.write_all(line.as_bytes()).await?;
    if backup {
        send_backup(write, services).await?;
    }
    Ok(())
}

/// A backup that breaks off has no last line.
async fn send_backup(mut write: OwnedWriteHalf, services: &Services) -> io::Result<()> {
    let mut export = services.export();
    while let Some(lines) = export.next().await.map_err(io::Error::other)? {
        write.write_all(&lines).await?;
    }
    Ok(())
}

/// The lines of a backup by the server over this data directory; `None` if no server runs there.
pub async fn export(data_dir: &Path) -> anyhow::Result<Option<BufReader<OwnedReadHalf>>> {
    let Some(stream) = connect(data_dir).await? else {
        return Ok(None);
    };
    match exchange(stream, Command::Export).await? {
        (Answer::Backup, lines) => Ok(Some(lines)),
        (answer, _) => bail!("the server sent no backup but {answer:?}"),
    }
}

/// Has the server over this data directory do something; `None` if no server runs there.
pub async fn ask(data_dir: &Path, command: Command) -> anyhow::Result<Option<Outcome>> {
    let Some(stream) = connect(data_dir).await? else {
        return Ok(None);
    };
    match exchange(stream, command).await? {
        (Answer::Outcome(outcome), _) => Ok(Some(outcome)),
        (answer, _) => bail!("the server did not say what it did but {answer:?}"),
    }
}

/// The answer, and what follows it.
async fn exchange(
    stream: UnixStream,
    command: Command,
) -> anyhow::Result<(Answer, BufReader<OwnedReadHalf>)> {
    let talk = async {
        let (read, mut write) = stream.into_split();
        let line = protocol::request(command)?;
        write.write_all(line.as_bytes()).await?;
        let mut read = BufReader::new(read);
        let mut line = String::new();
        let mut first = (&mut read).take(MAX_LINE_BYTES);
        first.read_line(&mut line).await?;
        Ok((protocol::read_response(&line)?, read))
    };
    tokio::time::timeout(COMMAND_TIMEOUT, talk)
        .await
        .context("the server did not answer")?
}

async fn connect(data_dir: &Path) -> anyhow::Result<Option<UnixStream>> {
    let path = socket(data_dir);
    match UnixStream::connect(&path).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error).context(format!("control socket {}", path.display())),
    }
}
