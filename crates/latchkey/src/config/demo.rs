//! `demo`: when the built-in demo provider is allowed.

use std::net::SocketAddr;

use super::config_errors::ConfigErrors;
use latchkey_axum::PublicUrl;

/// Anyone can sign in as any user at the demo provider. It must only be reachable from this machine,
/// so the address, the public URL and the proxies are checked.
pub(super) fn check(
    listen: SocketAddr,
    public_url: Option<&PublicUrl>,
    trusted_proxies: &[String],
    errors: &mut ConfigErrors,
) {
    const REASON: &str =
        "demo: anyone can sign in as any user, so it is only allowed on this machine;";
    if !listen.ip().is_loopback() {
        errors.add(format!(
            "{REASON} listen must be a loopback address, not {listen}"
        ));
    }
    if let Some(public_url) = public_url.filter(|url| !url.is_loopback()) {
        errors.add(format!(
            "{REASON} public_url must use localhost or a loopback address, not {public_url}"
        ));
    }
    if !trusted_proxies.is_empty() {
        errors.add(format!(
            "{REASON} remove trusted_proxies, which would expose it to other machines, or disable demo"
        ));
    }
}
