//! Commands sent to a running server over a socket in the data directory. Access to the socket is
//! protected by the permissions of that directory. The messages that operators see are defined in
//! `commands`.

use std::path::{Path, PathBuf};

use latchkey_axum::services::Services;
use latchkey_axum::services::signing_keys::Rotation;
use latchkey_axum::use_cases::operator::{self, Actor, Operator};
use latchkey_core::{Device, Requester};

pub mod audit;
pub mod details;
mod execute;
pub mod local_accounts;
pub mod local_command;
pub mod outcome;
pub mod protocol;
#[cfg(unix)]
mod unix;
#[cfg(not(unix))]
mod unsupported;

#[cfg(unix)]
pub use unix::{export, listen, read_audit, send};
#[cfg(not(unix))]
pub use unsupported::{export, listen, read_audit, send};

use crate::failure::{Failure, FailureCode};
pub use execute::execute;
use outcome::Outcome;
use protocol::{Command, ResponseBody};

fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Executes a command in the running server.
async fn handle(services: &Services, command: Command) -> ResponseBody {
    let result = match command {
        Command::RotateKeys => rotate_keys(services).await,
        Command::Admin(command) => {
            let operator = Operator::online(services, Actor::CommandLine);
            execute(&operator, Some(services), command).await
        }
        Command::Local(command) => local_accounts::handle(services, command).await,
        // The records follow the response.
        Command::Audit(_) => return ResponseBody::Records,
        Command::Export => {
            tracing::info!(by = %Actor::CommandLine, "backup export started");
            return ResponseBody::Backup;
        }
    };
    result.map_or_else(ResponseBody::Failure, ResponseBody::Outcome)
}

async fn rotate_keys(services: &Services) -> Result<Outcome, Failure> {
    let rotated = operator::rotate_keys(services, command_line()).await;
    let rotated = rotated.map_err(|error| Failure::new(FailureCode::Failed, error.to_string()))?;
    Ok(key_rotated(rotated))
}

/// The requester of a command from the command line: a person with access to the data directory.
pub(crate) fn command_line() -> Requester {
    Requester {
        actor: Some(Actor::CommandLine),
        device: Device::default(),
    }
}

/// The outcome of a key rotation.
pub fn key_rotated(rotation: Rotation) -> Outcome {
    Outcome::KeyRotated {
        kid: rotation.kid,
        signs_in_seconds: rotation.signs_in.as_secs(),
    }
}
