//! The first form of an HTML page, filled in as the page offers it.

use std::fmt::Write as _;

/// A form with what its first button would send.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// Where it is sent.
    pub(crate) action: String,
    /// `get` or `post`.
    pub(crate) method: String,
    fields: Vec<(String, String)>,
}

impl Form {
    /// The first form of `page`: its hidden fields and its first named button.
    pub(crate) fn first(page: &str) -> Option<Self> {
        let (_, rest) = page.split_once("<form")?;
        let (inside, _) = rest.split_once("</form")?;
        let (head, inside) = inside.split_once('>')?;
        let mut form = Self {
            action: attribute(head, "action").unwrap_or_default(),
            method: attribute(head, "method")
                .unwrap_or_default()
                .to_ascii_lowercase(),
            fields: Vec::new(),
        };
        let mut has_button = false;
        for tag in inside.split('<').filter_map(|tag| tag.split('>').next()) {
            let is_button = tag.starts_with("button");
            let is_hidden = tag.starts_with("input")
                && attribute(tag, "type").is_some_and(|kind| kind == "hidden");
            if is_hidden || (is_button && !has_button) {
                has_button |= is_button;
                if let Some(name) = attribute(tag, "name") {
                    form.fields
                        .push((name, attribute(tag, "value").unwrap_or_default()));
                }
            }
        }
        Some(form)
    }

    /// The fields as `application/x-www-form-urlencoded`.
    pub(crate) fn body(&self) -> String {
        let pairs = self.fields.iter();
        let pairs = pairs.map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

/// The value of `name="…"` in a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    let mut text = value.to_owned();
    // `&amp;` last, or it would make new references.
    for (reference, plain) in [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#x27;", "'"),
        ("&#39;", "'"),
        ("&lt;", "<"),
    ] {
        text = text.replace(reference, plain);
    }
    Some(text.replace("&gt;", ">").replace("&amp;", "&"))
}

/// Percent-encodes everything that is not unreserved (RFC 3986 §2.3).
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Undoes percent-encoding; what is not well-formed stays as it is.
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let hex = after.get(..2);
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(b'%');
            rest = after;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_button_and_the_hidden_fields_are_sent() {
        let page = r#"<p>x</p><form class="a" method="POST" action="/demo/authorize?a=1&amp;b=2">
        <input type="hidden" name="state" value="s&quot;x">
        <input type="email" name="email">
        <button name="account" value="ada@example.com">Ada</button>
        <button name="account" value="grace@example.com">Grace</button></form>
        <form action="/other"></form>"#;
        let form = Form::first(page).expect("a form");
        assert_eq!(
            (form.action.as_str(), form.method.as_str()),
            ("/demo/authorize?a=1&b=2", "post")
        );
        assert_eq!(form.body(), "state=s%22x&account=ada%40example.com");
    }

    #[test]
    fn a_page_without_a_form_has_none() {
        assert_eq!(Form::first("<p>nothing</p>"), None);
    }

    #[test]
    fn encoding_and_decoding_undo_each_other() {
        let text = "http://127.0.0.1:1/demo?x=ä %";
        assert_eq!(decode(&encode(text)), text);
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%41"), "%zzA");
    }
}
