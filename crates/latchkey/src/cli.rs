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
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server
    Serve(Serve),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at the signing keys, or rotate them
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Ban an account, or lift its ban
    #[command(subcommand)]
    Users(UsersCommand),
    /// End sessions
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// Write a backup of all records; a running server goes on
    Export(Export),
    /// Put a backup into a new, empty store
    Import(Import),
}

/// Flags that win over the environment, which wins over the file.
#[derive(Args, Clone, Debug, Default)]
pub struct Overrides {
    /// The configuration file; `latchkey.toml` in this folder if it is there
    #[arg(long, value_name = "FILE", env = "LATCHKEY_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where the store and the master key live
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Start the server.
#[derive(Args, Clone, Debug, Default)]
pub struct Serve {
    /// Which configuration.
    #[command(flatten)]
    pub overrides: Overrides,
    /// The address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// The origin that people and programs see, such as https://id.example.com
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// The folder with the built single-page app
    #[arg(long, value_name = "DIR")]
    pub web_dir: Option<PathBuf>,
    /// Offer a built-in provider to try things out with; on a loopback address only
    #[arg(long)]
    pub demo: bool,
}

/// Look at the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Validate the configuration and list all errors
    Check(Overrides),
}

/// Look at the signing keys, or rotate them.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Publish a new signing key; it signs once verifiers had time to fetch it
    Rotate(Overrides),
}

/// Ban an account, or lift its ban.
#[derive(Debug, Subcommand)]
pub enum UsersCommand {
    /// End an account's sessions and refuse its tokens from now on; it cannot sign in again
    Ban {
        /// Which configuration.
        #[command(flatten)]
        overrides: Overrides,
        /// Whom.
        #[command(flatten)]
        account: Account,
        /// Why, in 1 to 500 characters
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Let an account sign in again; the sessions that were ended stay ended
    Unban {
        /// Which configuration.
        #[command(flatten)]
        overrides: Overrides,
        /// Whom.
        #[command(flatten)]
        account: Account,
    },
}

/// Which account.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct Account {
    /// The account's id: the `sub` of its tokens
    #[arg(long, allow_hyphen_values = true)]
    pub id: Option<UserId>,
    /// The account's email address
    #[arg(long)]
    pub email: Option<String>,
}

/// End sessions.
#[derive(Debug, Subcommand)]
pub enum SessionsCommand {
    /// End the sessions of one account, or of everyone; people sign in again
    #[command(group(clap::ArgGroup::new("whose").required(true).args(["user", "email", "all"])))]
    End {
        /// Which configuration.
        #[command(flatten)]
        overrides: Overrides,
        /// The account's id: the `sub` of its tokens
        #[arg(long, value_name = "ID", allow_hyphen_values = true)]
        user: Option<UserId>,
        /// The account's email address
        #[arg(long)]
        email: Option<String>,
        /// Everyone's
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
    /// The file to write, which must not be there yet; standard output without it
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Put a backup into a new, empty store.
#[derive(Args, Debug)]
pub struct Import {
    /// Which store.
    #[command(flatten)]
    pub overrides: Overrides,
    /// The backup
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Accept a backup of an earlier version; anyone with access to the file could have changed it
    #[arg(long)]
    pub allow_unauthenticated: bool,
}
