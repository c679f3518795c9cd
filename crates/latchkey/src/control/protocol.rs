//! The protocol of the control socket: a request and a response, each one line of JSON. The lines of
//! the backup follow the response to [`Command::Export`]. Request and response contain the version of
//! the protocol, so that a client and a server of different versions report the mismatch.
//!
//! In every version, a response has the keys `version` and `answer`, and a failure has the form
//! `{"failure": {"error", "message"}}`, so a client can read a failure from a later version.

use latchkey_axum::use_cases::operator::UserSelector;
use latchkey_core::{SessionId, TokenId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::audit::AuditRequest;
use super::details::TokenText;
use super::local_command::LocalCommand;
use super::outcome::Outcome;
use crate::failure::{Failure, FailureCode};

/// The version of the protocol.
pub const VERSION: u32 = 1;

/// The request line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    version: u32,
    command: Command,
}

/// A command to a running server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Rotate the signing key.
    RotateKeys,
    /// Run an administration command.
    Admin(AdminCommand),
    /// Create local accounts and links.
    Local(LocalCommand),
    /// Send a backup. Its lines follow the response.
    Export,
    /// Send audit records. They follow the response, one per line, and end with an empty line.
    Audit(AuditRequest),
}

/// A command for users, sessions, denials or signing keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminCommand {
    /// Ban a user.
    BanUser {
        /// The user.
        user: UserSelector,
        /// The reason for the ban, which only operators see.
        reason: String,
        /// When the ban ends by itself, in seconds since 1970.
        #[serde(default)]
        until: Option<u64>,
    },
    /// Lift a ban.
    UnbanUser {
        /// The user.
        user: UserSelector,
    },
    /// End a user's sessions.
    EndSessions {
        /// The user.
        user: UserSelector,
    },
    /// End the sessions of all users.
    EndAllSessions,
    /// List users.
    ListUsers {
        /// The words to search for.
        text: String,
        /// Only users with a ban in force, or only users without one.
        banned: Option<bool>,
        /// Only users with this granted role.
        role: Option<String>,
        /// Which page.
        page: PageRequest,
    },
    /// Show a user.
    ShowUser {
        /// The user.
        user: UserSelector,
    },
    /// Replace the roles granted to a user.
    SetRoles {
        /// The user.
        user: UserSelector,
        /// The roles.
        roles: Vec<String>,
    },
    /// List live sessions.
    ListSessions {
        /// Only the sessions of this user, all on one page.
        user: Option<UserSelector>,
        /// Which page.
        page: PageRequest,
    },
    /// End one session.
    EndSession {
        /// The session.
        session: SessionId,
    },
    /// List the denylist.
    ListDenials {
        /// Which page.
        page: PageRequest,
    },
    /// Add to the denylist.
    AddDenial {
        /// What to deny.
        target: DenialTarget,
        /// The reason.
        reason: String,
    },
    /// Lift the denial of a token.
    LiftDenial {
        /// The id of the token.
        token: TokenId,
    },
    /// List the signing keys.
    ListKeys,
}

/// Which page of a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PageRequest {
    /// The maximum number of entries.
    pub limit: usize,
    /// `next` of the previous page.
    pub before: Option<String>,
}

/// What to deny.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenialTarget {
    /// An access token.
    Token(TokenText),
    /// A session, which ends.
    Session(SessionId),
    /// A user, whose sessions end.
    User(UserId),
}

/// The response line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Response {
    version: u32,
    #[serde(rename = "answer")]
    body: ResponseBody,
}

/// The body of a response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseBody {
    /// The command succeeded.
    Outcome(Outcome),
    /// The command failed, possibly after a part of it was done.
    Failure(Failure),
    /// The lines of the backup follow.
    Backup,
    /// Audit records follow.
    Records,
}

/// The request line for a command.
pub fn request(command: Command) -> serde_json::Result<String> {
    let version = VERSION;
    serde_json::to_string(&Request { version, command }).map(|line| line + "\n")
}

/// The response line for a body.
pub fn response(body: ResponseBody) -> serde_json::Result<String> {
    let version = VERSION;
    serde_json::to_string(&Response { version, body }).map(|line| line + "\n")
}

/// Parses a request. The error is the response line to send.
pub fn read_request(line: &str) -> Result<Command, String> {
    match serde_json::from_str(line) {
        Ok(Request {
            version: VERSION,
            command,
        }) => Ok(command),
        other => {
            let text = "the running server has a different version than this program; use the \
                        `latchkey` program that the server was started from, or restart the \
                        server";
            Err(match version_of(line) {
                Some(VERSION) => {
                    let cause = other.err().map(|error| error.to_string());
                    let cause = cause.unwrap_or_default();
                    failure_line(
                        FailureCode::Failed,
                        &format!("not a valid command: {cause}"),
                    )
                }
                Some(_) => failure_line(FailureCode::ServerVersion, text),
                // Clients that are older than the version field expect `Ok` or `Err`.
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

/// Parses a response.
pub fn read_response(line: &str) -> Result<ResponseBody, Failure> {
    if line.is_empty() {
        let text = "the server closed the connection without a response; see its log";
        return Err(Failure::new(FailureCode::Failed, text));
    }
    match serde_json::from_str(line) {
        Ok(Response {
            body: ResponseBody::Failure(failure),
            ..
        }) => Err(failure),
        Ok(Response {
            version: VERSION,
            body,
        }) => Ok(body),
        _ => {
            let server_version = version_of(line)
                .map_or("an unknown version".to_owned(), |version| {
                    format!("version {version}")
                });
            let text = format!(
                "the running server uses {server_version} of the control protocol, but this program \
                 uses version {VERSION}; use the `latchkey` program that the server was started \
                 from, or restart the server"
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
    fn requests_and_responses_round_trip() {
        let line = request(Command::Admin(AdminCommand::EndAllSessions)).expect("written");
        let read = read_request(&line).expect("read");
        assert!(matches!(read, Command::Admin(AdminCommand::EndAllSessions)));
        let outcome = Outcome::AllSessionsEnded { sessions_ended: 3 };
        let line = response(ResponseBody::Outcome(outcome.clone())).expect("written");
        assert_eq!(read_response(&line), Ok(ResponseBody::Outcome(outcome)));
    }

    #[test]
    fn version_mismatch_is_reported_to_both_sides() {
        // A client that is older than the version field receives an error in its own format.
        for old in [r#""rotate_keys""#, r#"{"operate":"end_everyone"}"#] {
            let line = read_request(old).expect_err("refused");
            let reply: Result<String, String> =
                serde_json::from_str(&line).expect("the old format");
            assert!(reply.expect_err("refused").contains("different version"));
        }
        // A request from a later version.
        let line = read_request(r#"{"version":2,"command":"dance"}"#).expect_err("refused");
        let failure = read_response(&line).expect_err("refused");
        assert_eq!(failure.error, FailureCode::ServerVersion);
        // Responses from an earlier and from a later version.
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
        assert!(failure.message.contains("not a valid command"), "{failure}");
    }
}
