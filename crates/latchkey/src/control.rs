//! Commands sent to a running server over a socket in the data directory. Access to the socket is
//! protected by the permissions of that directory. The messages that operators see are defined in
//! `commands`.

use std::path::{Path, PathBuf};

use latchkey_axum::services::Services;
use latchkey_axum::services::signing_keys::PUBLISHED_AHEAD;
use latchkey_axum::use_cases::operator::{Actor, Operator};

pub mod protocol;
#[cfg(unix)]
mod unix;
#[cfg(not(unix))]
mod unsupported;

#[cfg(unix)]
pub use unix::{export, listen, send};
#[cfg(not(unix))]
pub use unsupported::{export, listen, send};

use crate::failure::{Failure, FailureCode};
use protocol::{AdminCommand, Command, Outcome, ResponseBody};

fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Executes a command in the running server.
async fn handle(services: &Services, command: Command) -> ResponseBody {
    let result = match command {
        Command::RotateKeys => rotate_keys(services).await,
        Command::Admin(command) => {
            let operator = Operator::online(services, Actor::CommandLine);
            execute(&operator, command).await
        }
        Command::Export => {
            tracing::info!(by = %Actor::CommandLine, "backup export started");
            return ResponseBody::Backup;
        }
    };
    result.map_or_else(ResponseBody::Failure, ResponseBody::Outcome)
}

async fn rotate_keys(services: &Services) -> Result<Outcome, Failure> {
    let now = services.clock.now();
    let rotated = services.signing_keys.rotate(&*services.store, now).await;
    let kid = rotated.map_err(|error| Failure::new(FailureCode::Failed, error.to_string()))?;
    tracing::info!(kid, by = %Actor::CommandLine, "signing key rotated");
    Ok(key_rotated(kid))
}

/// The outcome of a key rotation.
pub fn key_rotated(kid: String) -> Outcome {
    Outcome::KeyRotated {
        kid,
        signs_in_seconds: PUBLISHED_AHEAD.as_secs(),
    }
}

/// Executes a command for users or sessions, in the running server or directly on the store.
pub async fn execute(operator: &Operator<'_>, command: AdminCommand) -> Result<Outcome, Failure> {
    Ok(match command {
        AdminCommand::BanUser { user, reason } => {
            let user = operator.find(&user).await?;
            let sessions_ended = operator.ban(user.id, &reason).await?;
            Outcome::UserBanned {
                user: user.into(),
                sessions_ended,
            }
        }
        AdminCommand::UnbanUser { user } => {
            let user = operator.find(&user).await?;
            let lifted = operator.unban(user.id).await?;
            let user = user.into();
            if lifted {
                Outcome::UserUnbanned { user }
            } else {
                Outcome::UserNotBanned { user }
            }
        }
        AdminCommand::EndSessions { user } => {
            let user = operator.find(&user).await?;
            let sessions_ended = operator.end_sessions(user.id).await?;
            Outcome::SessionsEnded {
                user: user.into(),
                sessions_ended,
            }
        }
        AdminCommand::EndAllSessions => Outcome::AllSessionsEnded {
            sessions_ended: operator.end_everyone().await?,
        },
    })
}
