//! The command line: flags, arguments and their help texts. What the commands do is in `commands`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use latchkey_core::UserId;

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
    /// Rotate the signing keys
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Ban and unban users
    #[command(subcommand)]
    Users(UsersCommand),
    /// End sessions
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// Write a backup of all records; the server can keep running
    Export(Export),
    /// Import a backup into an empty store
    Import(Import),
}

/// Flags override environment variables, which override the file.
#[derive(Args, Clone, Debug, Default)]
pub struct Overrides {
    /// The configuration file; defaults to `latchkey.toml` in the current directory, if it exists
    #[arg(long, value_name = "FILE", env = "LATCHKEY_CONFIG")]
    pub config: Option<PathBuf>,
    /// The directory that contains the store and the master key
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
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

/// Rotate the signing keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Publish a new signing key; it starts signing after ten minutes
    Rotate(Overrides),
}

/// Ban and unban users.
#[derive(Debug, Subcommand)]
pub enum UsersCommand {
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
    },
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

/// End sessions.
#[derive(Debug, Subcommand)]
pub enum SessionsCommand {
    /// End the sessions of one user or of all users; they can sign in again
    #[command(group(clap::ArgGroup::new("target").required(true).args(["user", "email", "all"])))]
    End {
        /// Which configuration to use.
        #[command(flatten)]
        overrides: Overrides,
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
