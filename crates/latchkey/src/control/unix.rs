//! The control socket, where there are Unix sockets.

use core::time::Duration;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::{Reply, Request, carry_out, socket};
use latchkey_axum::Latchkey;
use latchkey_axum::services::Services;

/// How long the server waits for a command.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a command may take: some concern every session there is.
const LONGEST: Duration = Duration::from_mins(10);
/// The longest line, in bytes.
const LINE: u64 = 64 * 1024;

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

/// Listens for commands. A server without its control socket serves all the same.
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
    // The store's lock says that no other server runs here: what is left is a leftover.
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

async fn answer(stream: UnixStream, state: &Services) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut read = BufReader::new(read.take(LINE));
    // From here on it is carried out, whether or not somebody waits for the answer.
    tokio::time::timeout(PATIENCE, read.read_line(&mut line)).await??;
    let reply: Reply = match serde_json::from_str(&line) {
        Ok(Request::Export) => return send_backup(write, state).await,
        Ok(request) => carry_out(state, request).await,
        Err(error) => Err(format!("this server does not know the command: {error}")),
    };
    let mut bytes = serde_json::to_vec(&reply)?;
    bytes.push(b'\n');
    write.write_all(&bytes).await
}

/// What breaks off has no last line.
async fn send_backup(mut write: OwnedWriteHalf, state: &Services) -> io::Result<()> {
    tracing::info!("exported by command");
    let mut export = state.export();
    while let Some(lines) = export.next().await.map_err(io::Error::other)? {
        write.write_all(&lines).await?;
    }
    Ok(())
}

/// The lines of a backup by the server over this data directory; `None` if none runs there.
pub async fn export(data_dir: &Path) -> anyhow::Result<Option<OwnedReadHalf>> {
    let Some(stream) = connect(data_dir).await? else {
        return Ok(None);
    };
    let (read, mut write) = stream.into_split();
    let mut bytes = serde_json::to_vec(&Request::Export)?;
    bytes.push(b'\n');
    write.write_all(&bytes).await?;
    Ok(Some(read))
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

/// Tells the server over this data directory to do something; `None` if none runs there.
pub async fn ask(data_dir: &Path, request: Request) -> anyhow::Result<Option<Reply>> {
    let Some(stream) = connect(data_dir).await? else {
        return Ok(None);
    };
    let talk = async {
        let (read, mut write) = stream.into_split();
        let mut bytes = serde_json::to_vec(&request)?;
        bytes.push(b'\n');
        write.write_all(&bytes).await?;
        let mut line = String::new();
        BufReader::new(read.take(LINE)).read_line(&mut line).await?;
        Ok(serde_json::from_str(&line)?)
    };
    let reply: anyhow::Result<Reply> = tokio::time::timeout(LONGEST, talk)
        .await
        .context("the server did not answer")?;
    reply.map(Some)
}
