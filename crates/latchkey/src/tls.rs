//! The server's own certificate, and its renewal: programs that renew certificates replace the
//! files, and send SIGHUP if they are told to.

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

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_secs(30);

/// Gives every new connection the certificate that is in the files.
#[derive(Debug)]
pub(crate) struct Certificates {
    config: TlsConfig,
    provider: Arc<CryptoProvider>,
    in_use: ArcSwap<CertifiedKey>,
    /// What the files held when they were last looked at, good or not; `None` if they could not be
    /// read. What is wrong is logged once.
    seen: Mutex<Option<Files>>,
}

/// The contents of both files.
#[derive(PartialEq, Eq)]
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// Neither is for a log.
impl core::fmt::Debug for Files {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Files")
    }
}

impl Certificates {
    /// Reads both files, which must fit.
    pub(crate) fn load(config: &TlsConfig) -> anyhow::Result<Arc<Self>> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let files = Files::read(config)?;
        let certified = files.certified(config, &provider)?;
        Ok(Arc::new(Self {
            config: config.clone(),
            provider,
            in_use: ArcSwap::from_pointee(certified),
            seen: Mutex::new(Some(files)),
        }))
    }

    /// TLS 1.2 and 1.3, with HTTP/2 offered first.
    pub(crate) fn acceptor(self: &Arc<Self>) -> anyhow::Result<TlsAcceptor> {
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(server)))
    }

    /// Looks at the files again and again.
    pub(crate) async fn follow(self: Arc<Self>) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            self.renew(false);
        }
    }

    /// Takes what is in the files if it fits; otherwise the certificate in use stays, and the log
    /// says why. Unless it is demanded, files that have not changed are left alone.
    pub(crate) fn renew(&self, demanded: bool) {
        match self.try_renew(demanded) {
            Ok(false) => {}
            Ok(true) => tracing::info!("new connections get the TLS certificate that was read now"),
            Err(error) => tracing::error!(
                error = format!("{error:#}"),
                "the TLS certificate was not renewed; the one that was in use stays in use"
            ),
        }
    }

    fn try_renew(&self, demanded: bool) -> anyhow::Result<bool> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let known_to_be_gone = seen.is_none();
        let files = match Files::read(&self.config) {
            Ok(files) => files,
            Err(_) if known_to_be_gone && !demanded => return Ok(false),
            Err(error) => {
                *seen = None;
                return Err(error);
            }
        };
        if seen.as_ref() == Some(&files) && !demanded {
            return Ok(false);
        }
        let certified = files.certified(&self.config, &self.provider);
        *seen = Some(files);
        self.in_use.store(Arc::new(certified?));
        Ok(true)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.in_use.load_full())
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

    fn certified(
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
            .context("tls: certificate and key do not go together")
    }
}

#[cfg(test)]
mod tests {
    use latchkey_testing::Certificate;

    use super::*;

    #[test]
    fn a_pair_is_taken_when_both_files_have_changed_and_fit() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = TlsConfig {
            cert_file: folder.path().join("cert.pem"),
            key_file: folder.path().join("key.pem"),
        };
        let [first, second] = [(); 2].map(|()| Certificate::new().expect("made"));
        let copy = |from: &std::path::Path, to| {
            fs::copy(from, to).expect("copied");
        };
        copy(&first.certificate, &config.cert_file);
        copy(&first.key, &config.key_file);
        let certificates = Certificates::load(&config).expect("they fit");
        let renewed = |demanded| certificates.try_renew(demanded);
        let in_use = || certificates.in_use.load().cert.clone();
        let before = in_use();
        assert!(!renewed(false).expect("nothing is wrong"));
        assert!(renewed(true).expect("nothing is wrong"));

        // One file after the other, as tools write them.
        copy(&second.certificate, &config.cert_file);
        let error = format!("{:#}", renewed(false).expect_err("they do not fit"));
        assert!(error.contains("do not go together"), "{error}");
        assert!(!renewed(false).expect("said once"));
        assert!(renewed(true).is_err());
        assert!(in_use() == before);
        copy(&second.key, &config.key_file);
        assert!(renewed(false).expect("they fit"));
        assert!(in_use() != before);

        let before = in_use();
        fs::remove_file(&config.key_file).expect("removed");
        let error = format!("{:#}", renewed(false).expect_err("it is gone"));
        assert!(error.contains("tls.key_file"), "{error}");
        assert!(!renewed(false).expect("said once"));
        assert!(renewed(true).is_err());
        for nonsense in ["", "no certificate"] {
            fs::write(&config.cert_file, nonsense).expect("written");
            copy(&second.key, &config.key_file);
            assert!(renewed(false).is_err(), "{nonsense:?}");
        }
        assert!(in_use() == before);
        copy(&second.certificate, &config.cert_file);
        assert!(renewed(false).expect("they fit"));
    }
}
