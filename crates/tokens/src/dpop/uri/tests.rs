use proptest::prelude::*;

use super::normalize;

#[test]
fn equivalent_uris_have_the_same_form() {
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
        assert_eq!(normalize(uri).as_deref(), Some(same), "{uri}");
    }
}

#[test]
fn different_uris_have_different_forms() {
    for (uri, other) in [
        ("https://id.example/a", "https://id.example/a/"),
        ("https://id.example/a", "https://id.example/A"),
        ("https://id.example/a", "http://id.example/a"),
        ("https://id.example/a", "https://id.example:444/a"),
        ("https://id.example/a", "https://id.example.evil/a"),
        ("https://id.example/a", "https://id.example/a%2F"),
    ] {
        assert_ne!(normalize(uri), normalize(other), "{uri} {other}");
    }
}

#[test]
fn invalid_uris_are_refused() {
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
        assert_eq!(normalize(text), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn normalization_never_panics_and_is_idempotent(
        text in "(https?:/{0,3})?[ -~]{0,40}|.{0,40}"
    ) {
        if let Some(once) = normalize(&text) {
            prop_assert_eq!(normalize(&once), Some(once));
        }
    }
}
