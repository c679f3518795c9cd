//! Normalizes URIs, to compare the `htu` of a proof (RFC 9449 §4.3, check 9).

use url::Url;

/// The URI without query and fragment, normalized (RFC 3986 §6.2.2 and §6.2.3): scheme and host in
/// lower case, no default port, no dot segments. `None` if it is not an http(s) URI, or contains a user
/// name or a password.
pub(super) fn normalize(uri: &str) -> Option<String> {
    // `Url::parse` repairs invalid URIs: it drops surrounding spaces and line breaks, replaces
    // backslashes, and corrects the number of slashes. Such input is refused instead.
    if !uri.bytes().all(|byte| byte.is_ascii_graphic()) || uri.contains('\\') {
        return None;
    }
    let (scheme, rest) = uri.split_once("://")?;
    if rest.starts_with('/') || !["http", "https"].contains(&&*scheme.to_ascii_lowercase()) {
        return None;
    }
    let mut url = Url::parse(uri).ok()?;
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    url.set_query(None);
    url.set_fragment(None);
    Some(url.into())
}

#[cfg(test)]
mod tests;
