//! The provider's public keys (RFC 7517).

use core::time::Duration;

use openidconnect::core::CoreJsonWebKeySet;
use url::Url;

use crate::error::Fault;
use crate::http::HttpClient;

/// How long keys are used before they are fetched again, so that a withdrawn key is forgotten.
pub(super) const LIFE: Duration = Duration::from_hours(1);

/// How long to wait before keys are fetched once more because a token was signed with a key that
/// is not among them: a flood of such tokens must not become a flood of requests.
pub(super) const PAUSE: Duration = Duration::from_mins(1);

/// The keys of one provider.
pub(super) type KeySet = CoreJsonWebKeySet;

/// Asks for the keys at `url`. Those that are not understood are left out.
pub(super) async fn fetch(url: &Url, http: &HttpClient) -> Result<KeySet, Fault> {
    let keys: KeySet = http
        .get_json(url)
        .await
        .map_err(|error| error.at("its signing keys"))?;
    tracing::debug!(
        url = url.as_str(),
        keys = keys.keys().len(),
        "signing keys fetched"
    );
    Ok(keys)
}
