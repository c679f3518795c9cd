//! The pages contain no inline styles and no raw HTML: the Content Security Policy forbids both.

use super::finding::Finding;
use super::tree::{Tree, code};

/// The only file that may write raw HTML: the document's head, rendered on the server.
const HEAD: &str = "crates/web/src/shell.rs";

/// Where the pages are.
const PAGES: [&str; 2] = ["crates/web/", "crates/console/"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let pages = tree.texts_ending(&["rs", "html"]);
    for (path, text) in pages.filter(|(path, _)| PAGES.iter().any(|it| path.starts_with(it))) {
        for (line, words) in code(text) {
            if has_style(words) {
                let what = "inline style, which the browser blocks: move it to style/";
                findings.push(Finding::new(path, line, what));
            }
            if path != HEAD && (words.contains("inner_html") || words.contains("innerHTML")) {
                let what = format!("raw HTML, which the browser blocks: only {HEAD} may write it");
                findings.push(Finding::new(path, line, what));
            }
        }
    }
    findings
}

/// Whether the line contains `style=`, Leptos' `style:color=`, or `<style>`.
fn has_style(line: &str) -> bool {
    let attribute = line.match_indices("style").any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let mut after = line[at + "style".len()..].chars();
        let opens = match after.next() {
            Some('=') => true,
            Some(':') => after
                .next()
                .is_some_and(|letter| letter.is_ascii_lowercase()),
            _ => false,
        };
        opens && before.is_none_or(char::is_whitespace)
    });
    attribute || line.contains("<style")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::finding::reported;

    fn found_in(path: &str, text: &str) -> Vec<String> {
        reported(check, &[(path, text)])
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
                    "crates/web/src/pages/account.rs:1: inline style, which the browser blocks: move \
              it to style/"
                ],
                "{text}"
            );
        }
        assert_eq!(found_in("crates/web/index.html", "<p style='x'>").len(), 1);
    }

    #[test]
    fn similar_text_is_accepted() {
        for text in [
            "let style = 1;",
            "style: Style,",
            "rel=\"stylesheet\"",
            "data-style=\"x\"",
        ] {
            assert!(found_in("crates/web/src/app.rs", text).is_empty(), "{text}");
        }
        assert!(
            found_in("crates/latchkey/src/demo.rs", "<p style=\"x\">").is_empty(),
            "not the pages"
        );
    }

    #[test]
    fn raw_html_is_found_outside_the_document_head() {
        assert_eq!(
            found_in("crates/web/src/app.rs", "<p inner_html=x>").len(),
            1
        );
        assert!(found_in(HEAD, "<head inner_html=x>").is_empty());
    }
}
