//! The command line: flags, arguments and their help texts. What the commands do is in `commands`.

pub mod local_accounts;
mod overrides;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use latchkey_core::{RecordKind, RecordOutcome, SessionId, TokenId, UserId};

pub use self::overrides::Overrides;

/// Sign-in, refresh and instant revocation for single-page apps.
#[derive(Debug, Parser)]
#[command(name = "latchkey", version, propagate_version = true)]
pub struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
    /// Print the result as one JSON value on standard output
    ///
    /// On success, the value has the key "result". On failure, it has the keys "error" (a code) and
    /// "message" (the text). The exit code is the same as without --json. Logs and warnings go to
    /// standard error. docs/operations.md lists all results and codes.
    #[arg(long, global = true)]
    pub json: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server
    Serve(Serve),
    /// Check the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// List and rotate the signing keys
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Find users, ban and unban them, grant roles
    #[command(subcommand)]
    Users(UsersCommand),
    /// List and end sessions
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// List and change the denylist
    #[command(subcommand)]
    Denials(DenialsCommand),
    /// Print audit records, newest first
    Audit(Audit),
    /// Write a backup of all records; the server can keep running
    Export(Export),
    /// Import a backup into an empty store
    Import(Import),
}

/// Start the server.
#[derive(Args, Clone, Debug, Default)]
pub struct Serve {
    /// Which configuration to use.
    #[command(flatten)]
    pub overrides: Overrides,
    /// The address to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// The public URL of the server, such as https://id.example.com
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// The directory that contains the built single-page app
    #[arg(long, value_name = "DIR")]
    pub web_dir: Option<PathBuf>,
    /// Enable the built-in demo provider; only allowed on a loopback address
    #[arg(long)]
    pub demo: bool,
}

/// Check the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Validate the configuration and list all errors
    Check(Overrides),
}

/// List and rotate the signing keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List the signing keys, newest first
    List(Overrides),
    /// Publish a new signing key; it starts signing after ten minutes
    Rotate(Overrides),
}

/// Find users, ban and unban them, grant roles.
#[derive(Debug, Subcommand)]
pub enum UsersCommand {
    /// List users, the newest first
    List {
        /// Which configuration to use.
        #[command(flatten)]
        overrides: Overrides,
        /// Words, each of which must be the beginning of the email address, the username or a word
        /// of the name; or a user id
        #[arg(
            long,
            value_name = "TEXT",
            default_value = "",
            hide_default_value = true
        )]
        query: String,
        /// Only users with this status
        #[arg(long)]
        status: Option<Status>,
        /// Only users to whom this role was granted
        #[arg(long)]
        role: Option<String>,
        /// Which page.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show a user
    Show {
        /// Which configuration to use.
        #[command(flatten)]
        overrides: Overrides,
        /// The user's id or email address
        #[arg(value_name = "USER", allow_hyphen_values = true)]
        user: String,
    },
    /// Replace the roles granted to a user; without roles, remove them all
    ///
    /// The roles are in access tokens from the next refresh. If a user loses the role admin, routes
    /// for administrators refuse the user's next request.
    SetRoles {
        /// Which configuration to use.
        #[command(flatten)]
        overrides: Overrides,
        /// The user's id or email address
        #[arg(value_name = "USER", allow_hyphen_values = true)]
        user: String,
        /// The roles, such as admin
        #[arg(value_name = "ROLE")]
        roles: Vec<String>,
    },
    /// Ban a user: end all sessions, reject all tokens and further sign-ins
    Ban {
        /// Which configuration to use.
        #[command(flatten)]
        overrides: Overrides,
        /// Which user.
        #[command(flatten)]
        user: UserArgs,
        /// The reason for the ban, 1 to 500 characters
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// When the ban ends by itself: a duration such as 7d, or a time such as
        /// 2027-01-31T12:00:00Z; without it, the ban lasts until it is lifted
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
    },
    /// Create a local account; prints a link with which its user sets the password
    Create(local_accounts::CreateUser),
    /// Print a link with which a person can create a local account
    Invite(local_accounts::InviteUser),
    /// Print a link to set a new password for a local account
    ResetPassword(local_accounts::ResetPassword),
    /// Lift a ban; sessions that it ended are not restored
    Unban {
        /// Which configuration to use.
        #[command(flatten)]
        overrides: Overrides,
        /// Which user.
        #[command(flatten)]
        user: UserArgs,
    },
}

/// Whether a user is banned.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Status {
    /// No ban is in force
    Active,
    /// A ban is in force
    Banned,
}

/// Which page of a list.
#[derive(Args, Clone, Debug)]
pub struct PageArgs {
    /// The number of entries, at most 100
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub limit: u16,
    /// Where the page begins: `next` of the previous page
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    pub before: Option<String>,
}

/// Which user.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct UserArgs {
    /// The user's id: the `sub` claim of access tokens
    #[arg(long, allow_hyphen_values = true)]
    pub id: Option<UserId>,
    /// The user's email address
    #[arg(long)]
    pub email: Option<String>,
}

/// List and end sessions.
#[derive(Debug, Subcommand)]
pub enum SessionsCommand {
    /// List the live sessions of one user or of all users, newest first
    List {
        /// Which configuration to use.
        #[command(flatten)]
        overrides: Overrides,
        /// The user's id or email address
        #[arg(long, value_name = "USER", allow_hyphen_values = true, conflicts_with_all = ["limit", "before"])]
        user: Option<String>,
        /// Which page.
        #[command(flatten)]
        page: PageArgs,
    },
    /// End one session, or the sessions of one user or of all users; they can sign in again
    #[command(group(clap::ArgGroup::new("target").required(true).args(["session", "user", "email", "all"])))]
    End {
        /// Which configuration to use.
        #[command(flatten)]
        overrides: Overrides,
        /// The session's id: the `sid` claim of access tokens
        #[arg(value_name = "SESSION", allow_hyphen_values = true)]
        session: Option<SessionId>,
        /// The user's id: the `sub` claim of access tokens
        #[arg(long, value_name = "ID", allow_hyphen_values = true)]
        user: Option<UserId>,
        /// The user's email address
        #[arg(long)]
        email: Option<String>,
        /// End the sessions of all users
        #[arg(long)]
        all: bool,
    },
}

/// List and change the denylist.
#[derive(Debug, Subcommand)]
pub enum DenialsCommand {
    /// List the entries of the denylist
    List {
        /// Which configuration to use.
        #[command(flatten)]
        overrides: Overrides,
        /// Which page.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Refuse an access token, or end a session or the sessions of a user
    #[command(group(clap::ArgGroup::new("target").required(true).args(["token_stdin", "session", "user"])))]
    Add {
        /// Which configuration to use.
        #[command(flatten)]
        overrides: Overrides,
        /// Read an access token from standard input; needs a running server
        ///
        /// The token is refused until it expires. Its session stays open.
        #[arg(long)]
        token_stdin: bool,
        /// The session's id: the `sid` claim of access tokens
        #[arg(long, value_name = "ID", allow_hyphen_values = true)]
        session: Option<SessionId>,
        /// The user's id: the `sub` claim of access tokens
        #[arg(long, value_name = "ID", allow_hyphen_values = true)]
        user: Option<UserId>,
        /// The reason, 1 to 500 characters
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Lift an operator's denial of an access token
    ///
    /// Sessions that have ended stay ended, so other denials cannot be lifted.
    Lift {
        /// Which configuration to use.
        #[command(flatten)]
        overrides: Overrides,
        /// The token's id: its `jti` claim
        #[arg(value_name = "TOKEN_ID", allow_hyphen_values = true)]
        token: TokenId,
    },
}

/// Print audit records.
#[derive(Args, Debug)]
pub struct Audit {
    /// Which configuration to use.
    #[command(flatten)]
    pub overrides: Overrides,
    /// Only records that concern this user: the `sub` claim of access tokens
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub user: Option<UserId>,
    /// Only records of this kind, such as signed_in or refresh_refused
    #[arg(long)]
    pub kind: Option<RecordKind>,
    /// Only records with this outcome
    #[arg(long)]
    pub outcome: Option<Outcome>,
    /// Only records from this time on: a duration before now, such as 24h, or a time such as
    /// 2027-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only records before this time, given in the same way
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// The maximum number of records
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
}

/// The outcome of an action.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Outcome {
    /// It was done
    Success,
    /// It was refused
    Refused,
    /// It failed
    Failed,
}

impl From<Outcome> for RecordOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::Success,
            Outcome::Refused => Self::Refused,
            Outcome::Failed => Self::Failed,
        }
    }
}

/// Write a backup of all records.
#[derive(Args, Debug)]
pub struct Export {
    /// Which configuration to use.
    #[command(flatten)]
    pub overrides: Overrides,
    /// The file to write, which must not exist yet; defaults to standard output, but is required
    /// with --json
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Import a backup into an empty store.
#[derive(Args, Debug)]
pub struct Import {
    /// Which configuration to use.
    #[command(flatten)]
    pub overrides: Overrides,
    /// The backup file to import
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Accept a backup from an earlier version, whose integrity cannot be verified
    #[arg(long)]
    pub allow_unauthenticated: bool,
}
