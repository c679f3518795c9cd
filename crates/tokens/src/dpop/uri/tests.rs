use proptest::prelude::*;

use super::normal;

#[test]
fn what_means_the_same_is_the_same() {
    for (uri, same) in [
        (
            "https://id.example/auth/token",
            "https://id.example/auth/token",
        ),
        (
            "HTTPS://ID.Example/auth/token",
            "https://id.example/auth/token",
        ),
        (
            "https://id.example:443/auth/token",
            "https://id.example/auth/token",
        ),
        ("http://127.0.0.1:80/", "http://127.0.0.1/"),
        ("https://id.example", "https://id.example/"),
        ("https://id.example/a/./b/../c", "https://id.example/a/c"),
        ("https://id.example/api/?a=b#c", "https://id.example/api/"),
        ("https://id.example/api/?", "https://id.example/api/"),
        ("http://[::1]:7000/api/", "http://[::1]:7000/api/"),
    ] {
        assert_eq!(normal(uri).as_deref(), Some(same), "{uri}");
    }
}

#[test]
fn what_means_something_else_is_not() {
    for (uri, other) in [
        ("https://id.example/a", "https://id.example/a/"),
        ("https://id.example/a", "https://id.example/A"),
        ("https://id.example/a", "http://id.example/a"),
        ("https://id.example/a", "https://id.example:444/a"),
        ("https://id.example/a", "https://id.example.evil/a"),
        ("https://id.example/a", "https://id.example/a%2F"),
    ] {
        assert_ne!(normal(uri), normal(other), "{uri} {other}");
    }
}

#[test]
fn what_is_no_uri_of_a_request_is_none() {
    for text in [
        "",
        "/auth/token",
        "//id.example/auth/token",
        "id.example/auth/token",
        "https:id.example/auth/token",
        "https:/id.example/auth/token",
        "https:///id.example/auth/token",
        "https://",
        "https:\\\\id.example\\auth\\token",
        "https://id.example\\auth\\token",
        " https://id.example/auth/token",
        "https://id.example/auth/token ",
        "https://id.example/auth/\ntoken",
        "https://id.exam\tple/auth/token",
        "https://ada@id.example/auth/token",
        "https://:x@id.example/auth/token",
        "https://id.example/ä",
        "ftp://id.example/auth/token",
        "urn:example:auth",
    ] {
        assert_eq!(normal(text), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn no_text_panics_and_the_normal_form_stays_as_it_is(
        text in "(https?:/{0,3})?[ -~]{0,40}|.{0,40}"
    ) {
        if let Some(once) = normal(&text) {
            prop_assert_eq!(normal(&once), Some(once));
        }
    }
}
