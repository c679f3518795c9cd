//! Which files of a page are the bundle's.

use super::*;

#[test]
fn hashed_files_are_found_in_the_page() {
    let page = r#"<link rel="modulepreload" href="/latchkey-web-1f2e3d4c5b6a7988.js" nonce="x">
        <link rel="stylesheet" href="/main-a1b2c3d4e5f60718.css">
        <script type="module">import init from '/latchkey-web-1f2e3d4c5b6a7988.js';
        init({ module_or_path: '/latchkey-web-1f2e3d4c5b6a7988_bg.wasm' })</script>
        <a href="/auth/login?provider=demo&return_to=/account">x</a>
        <script src="/snippets/latchkey-client/inline0.js"></script>"#;
    assert_eq!(
        assets(page),
        [
            "/latchkey-web-1f2e3d4c5b6a7988.js",
            "/latchkey-web-1f2e3d4c5b6a7988_bg.wasm",
            "/main-a1b2c3d4e5f60718.css",
        ]
    );
}

#[test]
fn a_hash_is_hexadecimal_and_long() {
    assert!(is_hashed("/main-a1b2c3d4e5f6071.css"));
    assert!(!is_hashed("/main-stylesheet.css"));
    assert!(!is_hashed("/favicon.svg"));
}
