//! `[tls]`

use std::path::PathBuf;

use serde::Deserialize;

/// The server's own certificate; without it TLS is for a proxy to do.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// `cert_file`: the certificate and its chain, PEM.
    pub cert_file: PathBuf,
    /// `key_file`: the private key, PEM.
    pub key_file: PathBuf,
}
