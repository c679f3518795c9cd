//! Commands to a running server, over a socket in the data directory. Anyone who can open that
//! directory's files can command the server that owns them. Sentences for people are made in
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
pub use unix::{ask, export, listen};
#[cfg(not(unix))]
pub use unsupported::{ask, export, listen};

use crate::failure::{Failure, FailureCode};
use protocol::{AdminCommand, Answer, Command, Outcome};

fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Does what a running server was asked to do.
async fn serve(services: &Services, command: Command) -> Answer {
    let done = match command {
        Command::RotateKeys => rotate_keys(services).await,
        Command::Admin(command) => {
            let operator = Operator::online(services, Actor::CommandLine);
            execute(&operator, command).await
        }
        Command::Export => {
            tracing::info!(by = %Actor::CommandLine, "backup exported");
            return Answer::Backup;
        }
    };
    done.map_or_else(Answer::Failure, Answer::Outcome)
}

async fn rotate_keys(services: &Services) -> Result<Outcome, Failure> {
    let now = services.clock.now();
    let rotated = services.signing_keys.rotate(&*services.store, now).await;
    let kid = rotated.map_err(|error| Failure::new(FailureCode::Failed, error.to_string()))?;
    tracing::info!(kid, by = %Actor::CommandLine, "signing key rotated");
    Ok(rotated_to(kid))
}

/// The outcome of a rotation.
pub fn rotated_to(kid: String) -> Outcome {
    Outcome::KeyRotated {
        kid,
        signs_in_seconds: PUBLISHED_AHEAD.as_secs(),
    }
}

/// Executes a command on users or sessions, through a running server or on a store at rest.
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
