//! The flags that all commands share.

use std::path::PathBuf;

use clap::Args;

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
