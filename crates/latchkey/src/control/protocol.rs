//! What goes over the control socket: one line of JSON each way, and after the response to
//! [`Command::Export`] the lines of the backup. Both lines carry the version of the protocol, so
//! that a command line and a server of different versions say so instead of misunderstanding each
//! other.
//!
//! In every version a response has `version` and `answer`, and a failure is
//! `{"failure": {"error", "message"}}`: that much can always be read.

use latchkey_axum::use_cases::operator::UserSelector;
use latchkey_core::{User, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::failure::{Failure, FailureCode};

/// The version of the protocol.
pub const VERSION: u32 = 1;

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    version: u32,
    command: Command,
}

/// What a running server can be asked to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Rotate the signing key.
    RotateKeys,
    /// Do something to users or sessions.
    Admin(AdminCommand),
    /// Send a backup: its lines follow the response.
    Export,
}

/// What an operator does to users and sessions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminCommand {
    /// Ban a user.
    BanUser {
        /// Which user.
        user: UserSelector,
        /// The reason, for other operators.
        reason: String,
    },
    /// Lift a ban.
    UnbanUser {
        /// Which user.
        user: UserSelector,
    },
    /// End a user's sessions.
    EndSessions {
        /// Which user.
        user: UserSelector,
    },
    /// End the sessions of all users.
    EndAllSessions,
}

/// The second line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Response {
    version: u32,
    answer: Answer,
}

/// What the server answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is done.
    Outcome(Outcome),
    /// It was not done, or not completely.
    Failure(Failure),
    /// The lines of the backup follow.
    Backup,
}

/// What was done; `--json` prints it as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outcome {
    /// A user is banned.
    UserBanned {
        /// Which user.
        user: UserInfo,
        /// How many sessions that ended.
        sessions_ended: usize,
    },
    /// A ban was lifted.
    UserUnbanned {
        /// Which user.
        user: UserInfo,
    },
    /// There was no ban to lift.
    UserNotBanned {
        /// Which user.
        user: UserInfo,
    },
    /// A user's sessions are over.
    SessionsEnded {
        /// Which user.
        user: UserInfo,
        /// How many sessions that ended.
        sessions_ended: usize,
    },
    /// The sessions of all users are over.
    AllSessionsEnded {
        /// How many sessions that ended.
        sessions_ended: usize,
    },
    /// There is a new signing key.
    KeyRotated {
        /// Its id.
        kid: String,
        /// When it starts to sign, in seconds from now.
        signs_in_seconds: u64,
    },
}

/// A user, so that an operator can check that it was the right one: an address that was not
/// verified may belong to somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserInfo {
    /// The user's id.
    pub id: UserId,
    /// The email address.
    pub email: Option<String>,
    /// Whether the provider says that the address is verified.
    pub email_verified: bool,
}

impl From<User> for UserInfo {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            email_verified: user.email_verified,
        }
    }
}

/// The line that asks for this.
pub fn request(command: Command) -> serde_json::Result<String> {
    let version = VERSION;
    serde_json::to_string(&Request { version, command }).map(|line| line + "\n")
}

/// The line that answers this.
pub fn response(answer: Answer) -> serde_json::Result<String> {
    let version = VERSION;
    serde_json::to_string(&Response { version, answer }).map(|line| line + "\n")
}

/// The command in a request; if it cannot be carried out, the line to send back.
pub fn read_request(line: &str) -> Result<Command, String> {
    match serde_json::from_str(line) {
        Ok(Request {
            version: VERSION,
            command,
        }) => Ok(command),
        other => {
            let text = "the running server is of another version than this command line; use the \
                        `latchkey` program that the server was started from, or restart the \
                        server";
            Err(match version_of(line) {
                Some(VERSION) => {
                    let cause = other.err().map(|error| error.to_string());
                    let cause = cause.unwrap_or_default();
                    failure_line(FailureCode::Failed, &format!("not a command: {cause}"))
                }
                Some(_) => failure_line(FailureCode::ServerVersion, text),
                // Before there were versions, a response was a sentence: `Ok` or `Err`.
                None => format!("{}\n", json!({ "Err": text })),
            })
        }
    }
}

fn failure_line(code: FailureCode, text: &str) -> String {
    let failure = json!(Failure::new(code, text));
    let line = json!({ "version": VERSION, "answer": { "failure": failure } });
    format!("{line}\n")
}

/// The answer in a response.
pub fn read_response(line: &str) -> Result<Answer, Failure> {
    if line.is_empty() {
        let text = "the server closed the connection before it answered; see its log";
        return Err(Failure::new(FailureCode::Failed, text));
    }
    match serde_json::from_str(line) {
        Ok(Response {
            answer: Answer::Failure(failure),
            ..
        }) => Err(failure),
        Ok(Response {
            version: VERSION,
            answer,
        }) => Ok(answer),
        _ => {
            let theirs = version_of(line).map_or("another version".to_owned(), |version| {
                format!("version {version}")
            });
            let text = format!(
                "the running server uses {theirs} of the control protocol, and this command line \
                 version {VERSION}; use the `latchkey` program that the server was started from, \
                 or restart the server"
            );
            Err(Failure::new(FailureCode::ServerVersion, text))
        }
    }
}

fn version_of(line: &str) -> Option<u32> {
    let value: Value = serde_json::from_str(line).ok()?;
    value["version"].as_u64()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers_survive_the_wire() {
        let line = request(Command::Admin(AdminCommand::EndAllSessions)).expect("written");
        let read = read_request(&line).expect("read");
        assert!(matches!(read, Command::Admin(AdminCommand::EndAllSessions)));
        let outcome = Outcome::AllSessionsEnded { sessions_ended: 3 };
        let line = response(Answer::Outcome(outcome.clone())).expect("written");
        assert_eq!(read_response(&line), Ok(Answer::Outcome(outcome)));
    }

    #[test]
    fn versions_that_do_not_fit_are_named() {
        // A command line from before there were versions reads its own form of an error.
        for old in [r#""rotate_keys""#, r#"{"operate":"end_everyone"}"#] {
            let line = read_request(old).expect_err("refused");
            let reply: Result<String, String> = serde_json::from_str(&line).expect("its form");
            assert!(reply.expect_err("refused").contains("another version"));
        }
        // One of a later version, to this server.
        let line = read_request(r#"{"version":2,"command":"dance"}"#).expect_err("refused");
        let failure = read_response(&line).expect_err("refused");
        assert_eq!(failure.error, FailureCode::ServerVersion);
        // A server from before, and one of a later version, to this command line.
        for line in [
            r#"{"Err":"this server does not know the command"}"#,
            r#"{"version":2,"answer":{"outcome":{"result":"danced"}}}"#,
        ] {
            let failure = read_response(line).expect_err("not read");
            assert_eq!(failure.error, FailureCode::ServerVersion, "{line}");
        }
        let later = r#"{"version":2,"answer":{"failure":{"error":"tired","message":"no"}}}"#;
        assert_eq!(read_response(later).expect_err("read").message, "no");
        let nonsense = read_request(r#"{"version":1,"command":"dance"}"#).expect_err("refused");
        let failure = read_response(&nonsense).expect_err("refused");
        assert!(failure.message.contains("not a command"), "{failure}");
    }
}
