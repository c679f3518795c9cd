//! `demo`: where the built-in provider may be offered.

use std::net::SocketAddr;

use super::mistakes::Mistakes;
use latchkey_axum::PublicUrl;

/// Anyone can sign in as anyone at the demo provider, so nobody but this machine may reach it: not
/// through its address, its public name, or a proxy.
pub(super) fn check(
    listen: SocketAddr,
    public_url: Option<&PublicUrl>,
    trusted_proxies: &[String],
    mistakes: &mut Mistakes,
) {
    const WHY: &str = "demo: anyone can sign in as anyone there, so it is for this machine only;";
    if !listen.ip().is_loopback() {
        mistakes.add(format!(
            "{WHY} listen must be a loopback address, not {listen}"
        ));
    }
    if let Some(public_url) = public_url.filter(|url| !url.is_loopback()) {
        mistakes.add(format!(
            "{WHY} public_url must name localhost or a loopback address, not {public_url}"
        ));
    }
    if !trusted_proxies.is_empty() {
        mistakes.add(format!(
            "{WHY} remove trusted_proxies, or turn demo off: a proxy would open it to others"
        ));
    }
}
