//! Commands to a running server: one line of JSON each way over a socket in the data directory.
//! Whoever may open the directory's files may command the server that owns them.

use std::path::{Path, PathBuf};

use latchkey_core::User;
use serde::{Deserialize, Serialize};

#[cfg(not(unix))]
mod nowhere;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub use nowhere::{ask, export, listen};
#[cfg(unix)]
pub use unix::{ask, export, listen};

use latchkey_axum::services::Services;
use latchkey_axum::use_cases::operator::{Operator, OperatorError, Who};

/// What a server can be told to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Rotate the signing key.
    RotateKeys,
    /// Do something about accounts.
    Operate(Order),
    /// Send a backup: its lines are the answer.
    Export,
}

/// What an operator wants done about accounts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Ban an account.
    BanUser {
        /// Whom.
        who: Who,
        /// Why.
        reason: String,
    },
    /// Lift a ban.
    UnbanUser {
        /// Whose.
        who: Who,
    },
    /// End an account's sessions.
    EndSessions {
        /// Whose.
        who: Who,
    },
    /// End the sessions of everyone.
    EndEveryone,
}

/// The sentence to show, or the one that says why it was not done.
pub type Reply = Result<String, String>;

fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

async fn carry_out(state: &Services, request: Request) -> Reply {
    match request {
        Request::RotateKeys => {
            let rotated = state
                .signing_keys
                .rotate(&*state.store, state.clock.now())
                .await;
            let kid = rotated.map_err(|error| error.to_string())?;
            tracing::info!(kid, "the signing key was rotated by command");
            Ok(self::rotated(&kid))
        }
        Request::Operate(order) => operate(&Operator::of(state), order).await,
        Request::Export => Err("a backup is no sentence".to_owned()),
    }
}

/// What to say after a rotation.
pub fn rotated(kid: &str) -> String {
    let minutes = latchkey_axum::services::signing_keys::PUBLISHED_AHEAD.as_secs() / 60;
    format!("signing key {kid} is published and signs in {minutes} minutes")
}

/// Carries out what concerns accounts, and says what came of it.
pub async fn operate(operator: &Operator<'_>, order: Order) -> Reply {
    let done = async {
        Ok(match order {
            Order::BanUser { who, reason } => {
                let user = operator.find(&who).await?;
                let ended = operator.ban(user.id, &reason).await?;
                format!("{} is banned; {}", named(&user), sessions(ended))
            }
            Order::UnbanUser { who } => {
                let user = operator.find(&who).await?;
                if operator.unban(user.id).await? {
                    format!("{} may sign in again", named(&user))
                } else {
                    format!("{} was not banned", named(&user))
                }
            }
            Order::EndSessions { who } => {
                let user = operator.find(&who).await?;
                let ended = operator.end_sessions(user.id).await?;
                format!("{} of {}", sessions(ended), named(&user))
            }
            Order::EndEveryone => sessions(operator.end_everyone().await?),
        })
    };
    let done: Result<String, OperatorError> = done.await;
    done.map_err(|error| error.to_string())
}

/// What an operator checks that it was the right one: an address that was not verified may be
/// another person's.
fn named(user: &User) -> String {
    match &user.email {
        Some(email) if user.email_verified => format!("{email} ({})", user.id),
        Some(email) => format!("{email}, not verified ({})", user.id),
        None => user.id.to_string(),
    }
}

fn sessions(ended: usize) -> String {
    match ended {
        0 => "no session was live".to_owned(),
        1 => "1 session was ended".to_owned(),
        more => format!("{more} sessions were ended"),
    }
}

#[cfg(test)]
mod tests {
    use latchkey_core::{Identity, Profile, Timestamp, User, UserId};

    use super::named;

    #[test]
    fn an_operator_is_told_which_addresses_were_not_verified() {
        let profile = |email: Option<&str>, email_verified| Profile {
            identity: Identity {
                issuer: "https://a.example".into(),
                subject: "1".into(),
            },
            email: email.map(str::to_owned),
            email_verified,
            name: None,
            hosted_domain: None,
        };
        let id = UserId::from_bytes([1; 16]);
        let named = |email, verified| {
            let user = User::create(id, profile(email, verified), Timestamp::from_secs(1));
            named(&user)
        };
        let ada = Some("ada@example.com");
        assert_eq!(named(ada, true), format!("ada@example.com ({id})"));
        let unverified = format!("ada@example.com, not verified ({id})");
        assert_eq!(named(ada, false), unverified);
        assert_eq!(named(None, false), id.to_string());
    }
}
