//! The providers of a builder: their names, and the email addresses that each may vouch for.

use std::sync::Arc;

use anyhow::bail;
use latchkey_core::rights::Rights;
use latchkey_core::user::LOCAL;
use latchkey_identity::ProviderConfig;
use latchkey_identity::demo::DemoProvider;
use latchkey_types::paths;

use super::Builder;
use crate::provider;
use crate::services::DEMO_PROVIDER;
use crate::settings::{PublicUrl, SignUp};

impl Builder {
    pub(super) fn demo(&self, public_url: &PublicUrl) -> anyhow::Result<Option<DemoProvider>> {
        if !self
            .providers
            .iter()
            .any(|it| matches!(it.0, provider::Kind::Demo))
        {
            return Ok(None);
        }
        if !public_url.is_loopback() {
            bail!(
                "the demo provider lets anyone sign in as anyone, so it is accepted only on a \
                 loopback address; the public URL is {public_url}"
            );
        }
        if !self.settings.trusted_proxies.is_empty() {
            bail!(
                "the demo provider lets anyone sign in as anyone, so it cannot be used behind \
                 trusted proxies; remove the demo provider or the trusted proxies"
            );
        }
        let issuer = public_url.join(paths::DEMO);
        let redirect_uri = public_url.join(&paths::callback_of(DEMO_PROVIDER));
        let rng = Arc::clone(&self.rng);
        Ok(Some(DemoProvider::new(&issuer, &redirect_uri, rng)))
    }

    pub(super) fn check_names(&self) -> anyhow::Result<()> {
        let mut names = std::collections::BTreeSet::new();
        for provider in &self.providers {
            let name = match &provider.0 {
                provider::Kind::Configured(config) if config.id == LOCAL => {
                    bail!("the provider name {LOCAL:?} is reserved for local accounts")
                }
                provider::Kind::Configured(config) => config.id.as_str(),
                provider::Kind::Local(_) => LOCAL,
                provider::Kind::Demo => DEMO_PROVIDER,
            };
            let is_valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if name.is_empty() || !name.chars().all(is_valid) {
                bail!(
                    "provider name {name:?} is not valid; use only ASCII letters, digits, - and _"
                );
            }
            if !names.insert(name) {
                bail!("two providers have the name {name:?}; names must be unique");
            }
        }
        Ok(())
    }

    /// Who may create a local account, if there are local accounts.
    pub(super) fn sign_up(&self) -> Option<SignUp> {
        self.providers.iter().find_map(|it| match it.0 {
            provider::Kind::Local(sign_up) => Some(sign_up),
            _ => None,
        })
    }

    /// The providers in the order in which they were added, the demo provider last.
    pub(super) fn provider_configs(&self, demo: Option<&DemoProvider>) -> Vec<ProviderConfig> {
        let configured = self.providers.iter().filter_map(|it| match &it.0 {
            provider::Kind::Configured(config) => Some((**config).clone()),
            provider::Kind::Local(_) | provider::Kind::Demo => None,
        });
        configured.chain(demo.map(DemoProvider::config)).collect()
    }

    pub(super) fn take_rights(
        &mut self,
        configs: &[ProviderConfig],
        demo: Option<&DemoProvider>,
    ) -> Rights {
        let only = configs.len() == 1;
        let mut rights = self.rights.take().unwrap_or_else(|| Rights {
            providers: configs
                .iter()
                .filter(|config| config.id != DEMO_PROVIDER)
                .map(|config| provider::configured(config, only))
                .collect(),
            ..Rights::default()
        });
        if self.sign_up().is_some() {
            rights.providers.push(provider::configured_local());
        }
        // Anyone can sign in as anyone at the demo provider. So if there are other providers, only
        // rules that name the demo provider apply to its users.
        rights
            .providers
            .extend(demo.map(|demo| provider::configured(&demo.config(), only)));
        rights
    }
}
