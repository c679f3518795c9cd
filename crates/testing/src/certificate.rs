//! A TLS certificate for the loopback address, and its certificate authority.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;

/// A certificate for `localhost` and `127.0.0.1`, its key and its certificate authority, as PEM files.
///
/// ```
/// let certificate = latchkey_testing::Certificate::new()?;
/// let text = std::fs::read_to_string(&certificate.certificate)?;
/// assert!(text.starts_with("-----BEGIN CERTIFICATE-----"));
/// # Ok::<(), anyhow::Error>(())
/// ```
#[derive(Debug)]
pub struct Certificate {
    /// The certificate of the authority, which clients must trust.
    pub authority: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// The server's private key, which only its owner can read.
    pub key: PathBuf,
    dir: TempDir,
}

impl Certificate {
    /// Generates an authority and a certificate that it signs. The files are deleted when this value is
    /// dropped.
    ///
    /// Returns an error if the keys or certificates cannot be generated, or the files cannot be
    /// written.
    pub fn new() -> Result<Self> {
        let mut authority = CertificateParams::new([])?;
        authority
            .distinguished_name
            .push(DnType::CommonName, "authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority_key = KeyPair::generate()?;
        let authority_pem = authority.self_signed(&authority_key)?.pem();
        let issuer = Issuer::new(authority, authority_key);

        let mut server = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        server
            .distinguished_name
            .push(DnType::CommonName, "localhost");
        let key = KeyPair::generate()?;
        let certificate_pem = server.signed_by(&key, &issuer)?.pem();

        let dir = tempfile::tempdir()?;
        let write = |name: &str, text: String| -> Result<PathBuf> {
            let path = dir.path().join(name);
            fs::write(&path, text)?;
            Ok(path)
        };
        let generated = Self {
            authority: write("authority.pem", authority_pem)?,
            certificate: write("certificate.pem", certificate_pem)?,
            key: write("key.pem", key.serialize_pem())?,
            dir,
        };
        // PostgreSQL rejects a key that other users can read.
        fs::set_permissions(&generated.key, Permissions::from_mode(0o600))?;
        Ok(generated)
    }

    /// The directory that contains the files.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
}
