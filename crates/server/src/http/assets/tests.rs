use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue};

use super::{Assets, is_hashed};

fn assets() -> Assets {
    let files = [
        "app-0123456789abcdef.js",
        "app-0123456789abcdef.js.br",
        "favicon.svg",
    ];
    Assets::of(files.map(|name| (name.to_owned(), Bytes::from(name))))
}

fn accepting(encodings: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(encodings))])
}

#[test]
fn a_hash_in_the_name_is_recognised() {
    for name in [
        "app-0123456789abcdef_bg.wasm",
        "a-b-0123456789abcdef.css",
        "x/y-01234567.js",
    ] {
        assert!(is_hashed(name), "{name}");
    }
    for name in ["favicon.svg", "apple-touch-icon.png", "app.js", "a-b.css"] {
        assert!(!is_hashed(name), "{name}");
    }
}

#[test]
fn the_compressed_form_goes_to_who_takes_it_and_only_there() {
    let encoding = |accepted| {
        let found = assets().find("/app-0123456789abcdef.js", &accepting(accepted));
        found
            .expect("the file")
            .headers()
            .get(CONTENT_ENCODING)
            .cloned()
    };
    assert_eq!(
        encoding("gzip, deflate, br"),
        Some(HeaderValue::from_static("br"))
    );
    for accepted in ["", "gzip", "br;q=0", "identity"] {
        assert_eq!(encoding(accepted), None, "{accepted}");
    }
}

#[test]
fn nothing_but_the_files_is_found() {
    for path in [
        "/",
        "/favicon",
        "/../favicon.svg",
        "/app-0123456789abcdef.js.br",
        "/index.html",
    ] {
        assert!(assets().find(path, &HeaderMap::new()).is_none(), "{path}");
    }
    assert!(assets().find("/favicon.svg", &HeaderMap::new()).is_some());
}
