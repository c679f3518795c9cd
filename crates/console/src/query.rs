//! Parses and builds the path and query of a URL without browser APIs.

use std::fmt::Write as _;

/// The parameters of a query, in order. A parameter without a value is the same as no parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// The query of a URL.
    pub(crate) fn of(url: &str) -> Self {
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let value = decoded(value);
            (!value.is_empty()).then(|| (decoded(name), value))
        });
        Self(pairs.collect())
    }

    /// The value of a parameter; empty if there is none.
    pub(crate) fn get(&self, name: &str) -> String {
        let found = self.0.iter().find(|(it, _)| it == name);
        found.map_or_else(String::new, |(_, value)| value.clone())
    }

    /// The query with a parameter set to `value`. An empty value removes the parameter.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.retain(|(it, _)| it != name);
        if !value.is_empty() {
            self.0.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// A path with this query.
    pub(crate) fn url(&self, path: &str) -> String {
        let mut url = path.to_owned();
        for (index, (name, value)) in self.0.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            push_encoded(&mut url, name);
            url.push('=');
            push_encoded(&mut url, value);
        }
        url
    }
}

/// The path of a URL.
pub(crate) fn path_of(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// Percent-encodes text for use as a path segment or a query parameter's value.
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    push_encoded(&mut encoded, text);
    encoded
}

fn push_encoded(url: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(byte.into());
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
    }
}

/// Decodes `+` and escapes such as `%41`. Invalid escapes are left unchanged.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let hex = (*first == b'%').then(|| {
            let digits = after.get(..2).and_then(|it| std::str::from_utf8(it).ok());
            // `from_str_radix` accepts a sign.
            let digits = digits.filter(|it| !it.starts_with('+'));
            digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())
        });
        match hex.flatten() {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => bytes.push(if *first == b'+' { b' ' } else { *first }),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_round_trips() {
        let query = Query::default().with("q", "a b&c=ü+").with("role", "admin");
        let url = query.url("/admin/users");
        assert_eq!(url, "/admin/users?q=a%20b%26c%3D%C3%BC%2B&role=admin");
        assert_eq!(Query::of(&url), query);
        assert_eq!(query.get("q"), "a b&c=ü+");
        assert_eq!(path_of(&url), "/admin/users");
    }

    #[test]
    fn parameter_without_a_value_is_left_out() {
        let query = Query::of("/admin/users?q=&role=admin&x");
        assert_eq!(query.get("q"), "");
        assert_eq!(query.clone().with("role", "").url("/x"), "/x");
        assert_eq!(query.url("/x"), "/x?role=admin");
    }

    #[test]
    fn escapes_are_decoded_and_invalid_ones_left_unchanged() {
        assert_eq!(decoded("a+b%20%C3%BC"), "a b ü");
        assert_eq!(decoded("%+4"), "% 4");
        for text in ["100%", "%zz", "%4"] {
            assert_eq!(decoded(text), text);
        }
    }
}
