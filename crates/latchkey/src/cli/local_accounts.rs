//! The flags of the commands for local accounts.

use clap::Args;

use super::overrides::Overrides;

/// Create a local account.
#[derive(Args, Clone, Debug)]
pub struct CreateUser {
    /// Which configuration to use.
    #[command(flatten)]
    pub overrides: Overrides,
    /// The username: 1 to 64 letters from a to z, digits, and . _ - + @
    #[arg(value_name = "NAME")]
    pub username: String,
    /// The email address; if mail is configured, links to set a password are sent there
    #[arg(long)]
    pub email: Option<String>,
    /// The display name
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// A role to grant, such as admin; can be repeated
    #[arg(long = "role", value_name = "ROLE")]
    pub roles: Vec<String>,
    /// Read the password from standard input instead of printing a link to set it
    #[arg(long)]
    pub password_stdin: bool,
}

/// Invite a person.
#[derive(Args, Clone, Debug)]
pub struct InviteUser {
    /// Which configuration to use.
    #[command(flatten)]
    pub overrides: Overrides,
    /// The email address of the new account; a running server also sends the invitation there if
    /// mail is configured
    #[arg(long)]
    pub email: Option<String>,
}

/// Create a link to set a password.
#[derive(Args, Clone, Debug)]
pub struct ResetPassword {
    /// Which configuration to use.
    #[command(flatten)]
    pub overrides: Overrides,
    /// The username
    #[arg(value_name = "NAME")]
    pub username: String,
}
