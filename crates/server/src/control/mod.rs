//! Commands to a running server: one line of JSON each way over a socket in the data directory.
//! Whoever may open the directory's files may command the server that owns them.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

#[cfg(not(unix))]
mod nowhere;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub use nowhere::{ask, listen};
#[cfg(unix)]
pub use unix::{ask, listen};

use crate::state::State;

/// What a server can be told to do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Request {
    /// Rotate the signing key.
    RotateKeys,
}

/// The sentence to show, or the one that says why it was not done.
pub type Reply = Result<String, String>;

fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

async fn carry_out(state: &State, request: Request) -> Reply {
    match request {
        Request::RotateKeys => {
            let rotated = state.keys.rotate(&*state.store, state.clock.now()).await;
            let kid = rotated.map_err(|error| error.to_string())?;
            tracing::info!(kid, "the signing key was rotated by command");
            Ok(self::rotated(&kid))
        }
    }
}

/// What to say after a rotation.
pub fn rotated(kid: &str) -> String {
    let minutes = crate::auth::keys::PUBLISHED_AHEAD.as_secs() / 60;
    format!("signing key {kid} is published and signs in {minutes} minutes")
}
