//! A certificate for the loopback address, and the authority that vouches for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::process::program;

/// Files in PEM.
#[derive(Debug)]
pub struct Certificate {
    /// The authority's certificate, for clients to trust.
    pub authority: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// The server's private key.
    pub key: PathBuf,
    folder: TempDir,
}

impl Certificate {
    /// Makes both; they are gone with this.
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = |name: &str| folder.path().join(name);
        let made = Self {
            authority: file("authority.pem"),
            certificate: file("certificate.pem"),
            key: file("key.pem"),
            folder,
        };
        let folder = made.folder();
        fs::write(
            folder.join("names"),
            "subjectAltName=DNS:localhost,IP:127.0.0.1\n",
        )?;
        let curve = [
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ];
        let mut authority = vec!["req", "-x509", "-days", "1", "-subj", "/CN=authority"];
        authority.extend(curve);
        authority.extend(["-keyout", "authority.key", "-out", "authority.pem"]);
        let mut request = vec!["req", "-subj", "/CN=localhost"];
        request.extend(curve);
        request.extend(["-keyout", "key.pem", "-out", "request.pem"]);
        let sign = [
            "x509",
            "-req",
            "-days",
            "1",
            "-in",
            "request.pem",
            "-CA",
            "authority.pem",
            "-CAkey",
            "authority.key",
            "-CAcreateserial",
            "-extfile",
            "names",
            "-out",
            "certificate.pem",
        ];
        for arguments in [authority, request, sign.to_vec()] {
            let mut command = Command::new(program("openssl", &[], "openssl")?);
            let done = command.current_dir(folder).args(&arguments).output();
            let done = done.context("openssl")?;
            if !done.status.success() {
                bail!("openssl: {}", String::from_utf8_lossy(&done.stderr));
            }
        }
        Ok(made)
    }

    /// Where the files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
