//! Fetches the provider's public keys (RFC 7517).

use core::time::Duration;

use openidconnect::core::CoreJsonWebKeySet;
use url::Url;

use crate::error::ProviderError;
use crate::http::HttpClient;

/// How long keys are cached. A withdrawn key is used no longer than this.
pub(super) const TTL: Duration = Duration::from_hours(1);

/// The minimum time between fetches triggered by tokens with an unknown key, so that a flood of
/// such tokens does not become a flood of requests.
pub(super) const MIN_REFRESH_INTERVAL: Duration = Duration::from_mins(1);

/// The keys of one provider.
pub(super) type KeySet = CoreJsonWebKeySet;

/// Fetches the keys at `url`. Keys of unknown types are dropped.
pub(super) async fn fetch(url: &Url, http: &HttpClient) -> Result<KeySet, ProviderError> {
    let keys: KeySet = http
        .get_json(url)
        .await
        .map_err(|error| error.in_request_to("its JWKS endpoint"))?;
    tracing::debug!(
        url = url.as_str(),
        keys = keys.keys().len(),
        "signing keys fetched"
    );
    Ok(keys)
}
