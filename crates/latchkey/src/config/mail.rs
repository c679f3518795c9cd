//! `[mail]`: the mail server that sends invitations and links to set a password.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use latchkey_axum::{Mail, MailSecurity};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::config_errors::ConfigErrors;
use super::secret;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section")]
pub(super) struct MailSection {
    host: Option<String>,
    port: Option<toml::Value>,
    security: Option<String>,
    from: Option<String>,
    username: Option<String>,
    password: Option<SecretString>,
    password_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
}

impl fmt::Debug for MailSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailSection").finish_non_exhaustive()
    }
}

impl MailSection {
    pub(super) fn check(self, has_accounts: bool, errors: &mut ConfigErrors) -> Option<Mail> {
        if !has_accounts {
            errors.add(
                "mail: only local accounts get mail; add the section [local], or remove [mail]",
            );
        }
        errors.record(self.read())
    }

    fn read(self) -> Result<Mail, String> {
        let required = |key: &str, value: Option<String>| {
            let value = value.filter(|value| !value.trim().is_empty());
            value.ok_or(format!("mail.{key}: this key is required"))
        };
        let mut mail = Mail::new(required("host", self.host)?, required("from", self.from)?);
        mail = mail.security(match self.security.as_deref() {
            None | Some("starttls") => MailSecurity::StartTls,
            Some("tls") => MailSecurity::Tls,
            Some("none") => MailSecurity::None,
            Some(other) => {
                return Err(format!(
                    "mail.security: {other:?} is not one of \"starttls\", \"tls\", \"none\""
                ));
            }
        });
        if let Some(value) = self.port {
            mail = mail.port_number(port(value)?);
        }
        let password = secret::read("mail", "password", self.password, self.password_file)?;
        mail = match (self.username, password) {
            (Some(username), Some(password)) => {
                let password = secret::unquoted("mail.password", password.expose_secret())?;
                mail.credentials(username, password)
            }
            (None, None) => mail,
            (Some(_), None) => {
                return Err("mail.password: this key is required with mail.username".to_owned());
            }
            (None, Some(_)) => {
                return Err("mail.username: this key is required with mail.password".to_owned());
            }
        };
        if let Some(path) = self.ca_file {
            let pem = fs::read(&path);
            mail = mail.root_certificates(pem.map_err(|error| {
                format!("mail.ca_file: cannot read {}: {error}", path.display())
            })?);
        }
        mail.check().map_err(|error| error.to_string())?;
        Ok(mail)
    }
}

/// A port: a number, or text from an environment variable.
fn port(value: toml::Value) -> Result<u16, String> {
    let text = match value {
        toml::Value::String(text) => text,
        other => other.to_string(),
    };
    let port = text.trim().parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| {
        format!("mail.port: {text} is not a port number; use a number from 1 to 65535")
    })
}

#[cfg(test)]
mod tests {
    use super::port;

    #[test]
    fn port_is_a_number_or_text() {
        assert_eq!(port(587.into()), Ok(587));
        assert_eq!(port("465".into()), Ok(465));
        for invalid in ["", "0", "-1", "65536", "smtp"] {
            let error = port(invalid.into()).expect_err("refused");
            assert!(error.starts_with("mail.port: "), "{error}");
        }
    }
}
