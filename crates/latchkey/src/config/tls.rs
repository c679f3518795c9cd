//! `[tls]`: the certificate and the key of the server.

use std::path::PathBuf;

use serde::Deserialize;

/// The certificate and the key. Without this section, a proxy must terminate TLS,
/// unless the public URL is a loopback address.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section")]
pub struct TlsConfig {
    /// `cert_file`: the certificate and its chain, in PEM.
    pub cert_file: PathBuf,
    /// `key_file`: the private key, in PEM.
    pub key_file: PathBuf,
}
