//! How mail is sent.

use std::net::IpAddr;

use lettre::message::Mailbox;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use secrecy::SecretString;

/// The mail server that sends invitations and links to set a password.
///
/// ```
/// use latchkey_axum::Mail;
///
/// let mail = Mail::new("smtp.example.com", "Notes <notes@example.com>")
///     .credentials("notes", "secret");
/// assert!(!format!("{mail:?}").contains("secret"));
/// ```
#[derive(Clone, Debug)]
pub struct Mail {
    pub(crate) host: String,
    pub(crate) from: String,
    pub(crate) port: Option<u16>,
    pub(crate) security: MailSecurity,
    pub(crate) credentials: Option<(String, SecretString)>,
    pub(crate) roots: Option<Vec<u8>>,
}

/// The mail settings are not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mail.{0}")]
pub struct InvalidMail(String);

/// How the connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailSecurity {
    /// STARTTLS (RFC 3207), port 587. A server that does not offer it gets no message.
    #[default]
    StartTls,
    /// TLS from the start (RFC 8314), port 465.
    Tls,
    /// Not at all, port 25. Only for a mail server on this machine.
    None,
}

impl Mail {
    /// A mail server, and the sender of the messages: an address, or a name and an address in
    /// angle brackets.
    pub fn new(host: impl Into<String>, from: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            from: from.into(),
            port: None,
            security: MailSecurity::default(),
            credentials: None,
            roots: None,
        }
    }

    /// The port; by default the standard port for the kind of encryption.
    #[must_use]
    pub fn port_number(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// How the connection is encrypted; by default with STARTTLS.
    #[must_use]
    pub fn security(mut self, security: MailSecurity) -> Self {
        self.security = security;
        self
    }

    /// The username and password for the mail server.
    #[must_use]
    pub fn credentials(
        mut self,
        username: impl Into<String>,
        password: impl Into<SecretString>,
    ) -> Self {
        self.credentials = Some((username.into(), password.into()));
        self
    }

    /// Certificates (PEM) to trust instead of those of the system.
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Checks the settings without connecting.
    ///
    /// # Errors
    ///
    /// Returns an error if the sender is not a valid address, if a certificate is not valid, or if
    /// the mail server is on another machine and the connection would not be encrypted.
    pub fn check(&self) -> Result<(), InvalidMail> {
        self.sender()?;
        self.tls()?;
        Ok(())
    }

    pub(crate) fn sender(&self) -> Result<Mailbox, InvalidMail> {
        let (from, invalid) = (&self.from, |error| {
            InvalidMail(format!(
                "from: {:?} is not an email address: {error}",
                self.from
            ))
        });
        from.parse().map_err(invalid)
    }

    /// STARTTLS is required: if the server does not offer it, no mail is sent.
    pub(crate) fn tls(&self) -> Result<Tls, InvalidMail> {
        match self.security {
            MailSecurity::StartTls => Ok(Tls::Required(self.tls_parameters()?)),
            MailSecurity::Tls => Ok(Tls::Wrapper(self.tls_parameters()?)),
            MailSecurity::None if self.is_loopback() => Ok(Tls::None),
            MailSecurity::None => Err(InvalidMail(format!(
                "security: \"none\" is accepted only for a mail server on this machine, not for \
                 {}; use \"starttls\" or \"tls\"",
                self.host
            ))),
        }
    }

    fn tls_parameters(&self) -> Result<TlsParameters, InvalidMail> {
        let key = if self.roots.is_some() {
            "ca_file"
        } else {
            "security"
        };
        let invalid =
            |error: lettre::transport::smtp::Error| InvalidMail(format!("{key}: {error}"));
        let mut builder = TlsParameters::builder(self.host.clone());
        if let Some(pem) = &self.roots {
            let roots = Certificate::from_pem(pem).map_err(invalid)?;
            builder = builder
                .certificate_store(CertificateStore::None)
                .add_root_certificate(roots);
        }
        builder.build_rustls().map_err(invalid)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(match self.security {
            MailSecurity::StartTls => 587,
            MailSecurity::Tls => 465,
            MailSecurity::None => 25,
        })
    }

    pub(crate) fn is_loopback(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        self.host == "localhost" || address.is_ok_and(|it| it.to_canonical().is_loopback())
    }
}
