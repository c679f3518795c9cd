//! `trusted_proxies`

use std::net::IpAddr;

use ipnet::IpNet;

use super::mistakes::Mistakes;

/// The networks of the proxies whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    pub(super) fn check(written: &[String], mistakes: &mut Mistakes) -> Self {
        let parse = |text: &String| {
            let canonical = |address: IpAddr| address.to_canonical().into();
            let address = || text.parse().ok().map(canonical);
            let network: Option<IpNet> = text.parse().ok().or_else(address);
            mistakes.take(network.ok_or_else(|| {
                format!(
                    "trusted_proxies: {text:?} is not an address or a network; write one such as \
                     \"10.0.0.7\" or \"10.0.0.0/8\""
                )
            }))
        };
        Self(written.iter().filter_map(parse).collect())
    }

    #[cfg(test)]
    pub(crate) fn of(written: &[&str]) -> Self {
        let written: Vec<_> = written.iter().map(|text| (*text).to_owned()).collect();
        Self::check(&written, &mut Mistakes::default())
    }

    /// Whether this address is a proxy's.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}
