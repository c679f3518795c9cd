//! `[metrics]`: how Prometheus can read the metrics. Without this section, they are not served.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::address;
use super::config_errors::ConfigErrors;
use super::secret;

/// The minimum length of a token, in characters.
const MIN_TOKEN_CHARS: usize = 16;

/// The validated section.
#[derive(Clone, Debug, Default)]
pub struct MetricsConfig {
    /// `listen`: the address that serves `/metrics` and nothing else.
    pub listen: Option<SocketAddr>,
    /// `token` or `token_file`: the bearer token that requests for `/metrics` must have. If it is
    /// set, the main address serves `/metrics`, too.
    pub token: Option<MetricsToken>,
}

/// The hash of a bearer token.
#[derive(Clone)]
pub struct MetricsToken([u8; 32]);

impl MetricsToken {
    fn new(token: &str) -> Self {
        Self(sha256(token))
    }

    /// Whether this is the token. Takes the same time for every wrong token of the same length.
    pub fn matches(&self, token: &str) -> bool {
        verify_slices_are_equal(&self.0, &sha256(token)).is_ok()
    }
}

impl fmt::Debug for MetricsToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetricsToken")
    }
}

fn sha256(text: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section")]
pub(super) struct MetricsSection {
    #[serde(default, deserialize_with = "address::optional")]
    listen: Option<SocketAddr>,
    token: Option<SecretString>,
    token_file: Option<PathBuf>,
}

impl MetricsSection {
    /// `main` is the address that serves everything else: the key `listen` outside this section.
    pub(super) fn check(self, main: SocketAddr, errors: &mut ConfigErrors) -> MetricsConfig {
        if self.listen == Some(main) && main.port() != 0 {
            errors.add(format!(
                "metrics.listen: {main} is the address of `listen`; choose another port, or set \
                 metrics.token instead to serve /metrics there"
            ));
        }
        let token = secret::read("metrics", "token", self.token, self.token_file);
        let token = errors.record(token).flatten();
        let token = token.and_then(|token| errors.record(check_token(token.expose_secret())));
        MetricsConfig {
            listen: self.listen,
            token,
        }
    }
}

fn check_token(token: &str) -> Result<MetricsToken, String> {
    let token = secret::unquoted("metrics.token", token)?;
    let is_visible = token.bytes().all(|byte| byte.is_ascii_graphic());
    if token.len() < MIN_TOKEN_CHARS || !is_visible {
        return Err(format!(
            "metrics.token: it must be at least {MIN_TOKEN_CHARS} visible ASCII characters, such \
             as the output of `openssl rand -hex 16`"
        ));
    }
    Ok(MetricsToken::new(&token))
}
