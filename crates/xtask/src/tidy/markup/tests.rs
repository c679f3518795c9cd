//! Inline styles and raw HTML.

use super::*;

fn found_in(path: &str, text: &str) -> Vec<String> {
    check(&Tree::of(&[(path, text)]))
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn inline_styles_are_found() {
    for text in [
        "<p style=\"x\">",
        "view! { <p style:width=w/> }",
        "<style>",
        "style=move || x",
    ] {
        assert_eq!(
            found_in("crates/web/src/pages/account.rs", text),
            [
                "crates/web/src/pages/account.rs:1: an inline style, which the browser refuses: it \
              belongs in style/"
            ],
            "{text}"
        );
    }
    assert_eq!(found_in("crates/web/index.html", "<p style='x'>").len(), 1);
}

#[test]
fn what_only_sounds_like_one_is_fine() {
    for text in [
        "let style = 1;",
        "style: Style,",
        "rel=\"stylesheet\"",
        "data-style=\"x\"",
    ] {
        assert!(found_in("crates/web/src/app.rs", text).is_empty(), "{text}");
    }
    assert!(
        found_in("crates/server/src/demo.rs", "<p style=\"x\">").is_empty(),
        "not the pages"
    );
}

#[test]
fn raw_html_is_found_but_in_the_head() {
    assert_eq!(
        found_in("crates/web/src/app.rs", "<p inner_html=x>").len(),
        1
    );
    assert!(found_in(HEAD, "<head inner_html=x>").is_empty());
}
