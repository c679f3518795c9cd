//! The keys of `[providers.NAME]`, not yet validated.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

use super::duration::HumanDuration;

/// A section `[providers.NAME]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section")]
pub(super) struct ProviderSection {
    pub(super) kind: Option<String>,
    pub(super) label: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) tenant: Option<String>,
    pub(super) domain: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<SecretString>,
    pub(super) client_secret_file: Option<PathBuf>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) redirect: Option<String>,
    /// The domains whose email addresses the provider may vouch for; see `rights`.
    pub(super) email_domains: Option<Vec<String>>,
    pub(super) select_account: Option<bool>,
    pub(super) step_up: Option<String>,
    pub(super) client_auth: Option<String>,
    #[serde(default)]
    pub(super) trust_email: bool,
    pub(super) timeout: Option<HumanDuration>,
}
