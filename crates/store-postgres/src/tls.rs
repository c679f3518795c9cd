//! TLS to the database. Certificates are always checked.

use std::sync::Arc;

use latchkey_store::StoreError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A TLS connector that trusts these root certificates in PEM, or else the system's.
pub(crate) fn connector(roots: Option<&[u8]>) -> Result<MakeRustlsConnect, StoreError> {
    let mut trusted = RootCertStore::empty();
    if let Some(pem) = roots {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| tls_error(&error.to_string()))?;
            let added = trusted.add(certificate);
            added.map_err(|error| tls_error(&error.to_string()))?;
        }
    } else {
        let found = rustls_native_certs::load_native_certs();
        trusted.add_parsable_certificates(found.certs);
    }
    if trusted.is_empty() {
        return Err(tls_error(
            "no trusted root certificates; set store.ca_file to a PEM file that contains them",
        ));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| tls_error(&error.to_string()))?
        .with_root_certificates(trusted)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn tls_error(reason: &str) -> StoreError {
    StoreError::Unavailable(format!("TLS to PostgreSQL: {reason}"))
}
