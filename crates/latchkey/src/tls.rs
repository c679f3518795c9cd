//! The TLS certificate and its reloading. Programs that renew certificates replace the files; if
//! configured to, they also send SIGHUP.

use core::time::Duration;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::config::TlsConfig;

/// How often the files are checked for changes.
const CHECK_INTERVAL: Duration = Duration::from_secs(30);

/// Provides the certificate for new connections.
#[derive(Debug)]
pub(crate) struct Certificates {
    config: TlsConfig,
    provider: Arc<CryptoProvider>,
    current: ArcSwap<CertifiedKey>,
    /// The contents of the files at the last check, valid or not; `None` if they could not be read.
    /// Used to log an error only once.
    last_read: Mutex<Option<Files>>,
}

/// Whether to reload files that have not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reload {
    /// Only if they have changed.
    IfChanged,
    /// Always, and report errors that were already reported.
    Forced,
}

/// The contents of both files.
#[derive(PartialEq, Eq)]
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// Omits the contents, because the key is secret.
impl core::fmt::Debug for Files {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Files")
    }
}

impl Certificates {
    /// Reads both files. They must contain a certificate and its key.
    pub(crate) fn load(config: &TlsConfig) -> anyhow::Result<Arc<Self>> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let files = Files::read(config)?;
        let certified = files.certified_key(config, &provider)?;
        Ok(Arc::new(Self {
            config: config.clone(),
            provider,
            current: ArcSwap::from_pointee(certified),
            last_read: Mutex::new(Some(files)),
        }))
    }

    /// The acceptor for TLS 1.2 and 1.3, which prefers HTTP/2.
    pub(crate) fn acceptor(self: &Arc<Self>) -> anyhow::Result<TlsAcceptor> {
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(server)))
    }

    /// Reloads the files whenever they change. Never completes.
    pub(crate) async fn watch(self: Arc<Self>) {
        loop {
            tokio::time::sleep(CHECK_INTERVAL).await;
            self.reload(Reload::IfChanged);
        }
    }

    /// Loads the certificate from the files. If they are invalid, logs the error and keeps the current
    /// certificate.
    pub(crate) fn reload(&self, reload: Reload) {
        match self.try_reload(reload) {
            Ok(false) => {}
            Ok(true) => tracing::info!("reloaded the TLS certificate"),
            Err(error) => tracing::error!(
                error = format!("{error:#}"),
                "failed to reload the TLS certificate; the previous one stays in use"
            ),
        }
    }

    /// Returns whether the certificate was reloaded.
    fn try_reload(&self, reload: Reload) -> anyhow::Result<bool> {
        let is_forced = reload == Reload::Forced;
        let mut last_read = self
            .last_read
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let error_is_known = last_read.is_none();
        let files = match Files::read(&self.config) {
            Ok(files) => files,
            Err(_) if error_is_known && !is_forced => return Ok(false),
            Err(error) => {
                *last_read = None;
                return Err(error);
            }
        };
        if last_read.as_ref() == Some(&files) && !is_forced {
            return Ok(false);
        }
        let certified = files.certified_key(&self.config, &self.provider);
        *last_read = Some(files);
        self.current.store(Arc::new(certified?));
        Ok(true)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

impl Files {
    fn read(config: &TlsConfig) -> anyhow::Result<Self> {
        let certificate = fs::read(&config.cert_file)
            .with_context(|| format!("tls.cert_file: {}", config.cert_file.display()))?;
        let key = fs::read(&config.key_file)
            .with_context(|| format!("tls.key_file: {}", config.key_file.display()))?;
        Ok(Self { certificate, key })
    }

    fn certified_key(
        &self,
        config: &TlsConfig,
        provider: &CryptoProvider,
    ) -> anyhow::Result<CertifiedKey> {
        let certificates = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<Vec<_>, _>>()
            .with_context(|| format!("tls.cert_file: {}", config.cert_file.display()))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .with_context(|| format!("tls.key_file: {}", config.key_file.display()))?;
        CertifiedKey::from_der(certificates, key, provider)
            .context("tls: the certificate or the key is not usable, or the two do not match")
    }
}

#[cfg(test)]
mod tests {
    use latchkey_testing::Certificate;

    use super::Reload::{Forced, IfChanged};
    use super::*;

    #[test]
    fn new_certificate_is_used_once_both_files_match() {
        let folder = tempfile::tempdir().expect("a directory");
        let config = TlsConfig {
            cert_file: folder.path().join("cert.pem"),
            key_file: folder.path().join("key.pem"),
        };
        let [first, second] = [(); 2].map(|()| Certificate::new().expect("created"));
        let copy = |from: &std::path::Path, to| {
            fs::copy(from, to).expect("copied");
        };
        copy(&first.certificate, &config.cert_file);
        copy(&first.key, &config.key_file);
        let certificates = Certificates::load(&config).expect("they match");
        let reloaded = |reload| certificates.try_reload(reload);
        let current = || certificates.current.load().cert.clone();
        let before = current();
        assert!(!reloaded(IfChanged).expect("valid"));
        assert!(reloaded(Forced).expect("valid"));

        // One file after the other, as tools write them.
        copy(&second.certificate, &config.cert_file);
        let error = format!("{:#}", reloaded(IfChanged).expect_err("they do not match"));
        assert!(error.contains("do not match"), "{error}");
        assert!(!reloaded(IfChanged).expect("reported once"));
        assert!(reloaded(Forced).is_err());
        assert!(current() == before);
        copy(&second.key, &config.key_file);
        assert!(reloaded(IfChanged).expect("they match"));
        assert!(current() != before);

        let before = current();
        fs::remove_file(&config.key_file).expect("removed");
        let error = format!("{:#}", reloaded(IfChanged).expect_err("removed"));
        assert!(error.contains("tls.key_file"), "{error}");
        assert!(!reloaded(IfChanged).expect("reported once"));
        assert!(reloaded(Forced).is_err());
        for nonsense in ["", "not a certificate"] {
            fs::write(&config.cert_file, nonsense).expect("written");
            copy(&second.key, &config.key_file);
            assert!(reloaded(IfChanged).is_err(), "{nonsense:?}");
        }
        assert!(current() == before);
        copy(&second.certificate, &config.cert_file);
        assert!(reloaded(IfChanged).expect("they match"));
    }
}
