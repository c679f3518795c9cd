//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use latchkey_core::UserId;

/// Sign-in, refresh and instant revocation for single-page apps.
#[derive(Debug, Parser)]
#[command(name = "latchkey", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Print the result as one JSON value on standard output
    ///
    /// The value has the key "result", or if the command failed, "error" with a code and "message"
    /// with the text; the exit code is the same as without --json. Logs and warnings go to standard
    /// error. docs/operations.md lists results and codes.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do.
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
    /// Write a backup of all records; the server may keep running
    Export(Export),
    /// Import a backup into an empty store
    Import(Import),
}

/// Flags that win over the environment, which wins over the file.
#[derive(Args, Clone, Debug, Default)]
pub struct Overrides {
    /// The configuration file; by default `latchkey.toml` in the current directory, if it exists
    #[arg(long, value_name = "FILE", env = "LATCHKEY_CONFIG")]
    pub config: Option<PathBuf>,
    /// The directory of the store and the master key
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Start the server.
#[derive(Args, Clone, Debug, Default)]
pub struct Serve {
    /// Which configuration.
    #[command(flatten)]
    pub overrides: Overrides,
    /// The address to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// The public origin, such as https://id.example.com
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// The directory of the built single-page app
    #[arg(long, value_name = "DIR")]
    pub web_dir: Option<PathBuf>,
    /// Offer a built-in demo provider; only on a loopback address
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
    /// Publish a new signing key; it starts to sign after ten minutes
    Rotate(Overrides),
}

/// Ban and unban users.
#[derive(Debug, Subcommand)]
pub enum UsersCommand {
    /// Ban a user: end all sessions, refuse all tokens and further sign-ins
    Ban {
        /// Which configuration.
        #[command(flatten)]
        overrides: Overrides,
        /// Which user.
        #[command(flatten)]
        account: Account,
        /// The reason, in 1 to 500 characters
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Lift a ban; ended sessions stay ended
    Unban {
        /// Which configuration.
        #[command(flatten)]
        overrides: Overrides,
        /// Which user.
        #[command(flatten)]
        account: Account,
    },
}

/// Which user.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct Account {
    /// The user's id: the `sub` of access tokens
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
    #[command(group(clap::ArgGroup::new("whose").required(true).args(["user", "email", "all"])))]
    End {
        /// Which configuration.
        #[command(flatten)]
        overrides: Overrides,
        /// The user's id: the `sub` of access tokens
        #[arg(long, value_name = "ID", allow_hyphen_values = true)]
        user: Option<UserId>,
        /// The user's email address
        #[arg(long)]
        email: Option<String>,
        /// The sessions of all users
        #[arg(long)]
        all: bool,
    },
}

/// Write a backup of all records.
#[derive(Args, Debug)]
pub struct Export {
    /// Which store.
    #[command(flatten)]
    pub overrides: Overrides,
    /// The file to write, which must not exist; by default standard output
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Import a backup into an empty store.
#[derive(Args, Debug)]
pub struct Import {
    /// Which store.
    #[command(flatten)]
    pub overrides: Overrides,
    /// The backup to import
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Accept a backup of an earlier version; anyone with access to the file could have changed it
    #[arg(long)]
    pub allow_unauthenticated: bool,
}
