//! Comparing the `htu` of a proof (RFC 9449 §4.3, check 9).

use url::Url;

/// The URI without query and fragment, in its normal form (RFC 3986 §6.2.2 and §6.2.3): lower case
/// where case does not matter, no default port, no dot segments. `None` if it is no http(s) URI.
pub(super) fn normal(uri: &str) -> Option<String> {
    // The parser mends a lot that is no URI: blanks around it, line ends in it, backslashes, too
    // few slashes or too many. What a client did not mean to write is not compared.
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
