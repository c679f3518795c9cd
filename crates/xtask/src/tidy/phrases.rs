//! Phrases that are not plain technical English, each with a better one.
//!
//! A phrase is found in comments, string literals, identifiers and documents, in any case, and also
//! across line breaks. The list contains only phrases with next to no correct use.

use super::finding::Finding;
use super::tree::Tree;

/// This file contains the phrases.
const LIST: &str = "crates/xtask/src/tidy/phrases.rs";

/// The extensions of the files to check: code and documents written by hand.
const EXTENSIONS: [&str; 8] = ["rs", "md", "sql", "lua", "ts", "toml", "css", "html"];

/// A phrase and the suggestion.
struct Phrase {
    words: &'static str,
    instead: &'static str,
    /// The phrase is correct after one of these words.
    except_after: &'static [&'static str],
    /// The phrase is correct before one of these words.
    except_before: &'static [&'static str],
}

/// A phrase without exceptions.
const fn phrase(words: &'static str, instead: &'static str) -> Phrase {
    Phrase {
        words,
        instead,
        except_after: &[],
        except_before: &[],
    }
}

/// A phrase that is correct in "there is no token" and in "it is no longer valid".
const fn negation(words: &'static str, instead: &'static str) -> Phrase {
    Phrase {
        words,
        instead,
        except_after: &["there"],
        except_before: &["longer", "more", "less", "later", "earlier", "different"],
    }
}

/// A phrase that is correct in "they are told apart".
const fn telling(words: &'static str) -> Phrase {
    Phrase {
        except_before: &["apart"],
        ..phrase(words, "is notified, is informed, learns")
    }
}

const PHRASES: [Phrase; 36] = [
    negation("is no", "is not a valid …, is not a …"),
    negation("was no", "was not a …"),
    negation("are no", "are not …"),
    phrase("whoever", "a caller that …, anyone who …"),
    phrase("anew", "again"),
    phrase("for ever", "forever"),
    phrase("mend", "fix"),
    phrase("mends", "fixes"),
    phrase("mended", "fixed"),
    phrase("mending", "fixing"),
    phrase("meanwhile", "in the meantime, or nothing"),
    telling("is told"),
    telling("are told"),
    telling("was told"),
    telling("were told"),
    phrase("not heard", "not received, not synchronized"),
    phrase("is heard", "is received"),
    phrase("was heard", "was received"),
    Phrase {
        except_before: &["as"],
        ..phrase("as well", "also, too")
    },
    phrase("be had", "be available, be acquired"),
    phrase("carried through", "run to completion, kept"),
    phrase("taken for", "treated as, mistaken for"),
    phrase("came to pass", "happened"),
    phrase("come to pass", "happen"),
    phrase("so be it", "a statement of what happens"),
    phrase("one's own", "custom"),
    phrase("as yet", "yet, so far"),
    phrase("for want of", "because … is missing"),
    phrase("thereof", "of it"),
    phrase("therein", "in it"),
    phrase("henceforth", "from now on"),
    phrase("stays so", "stays …"),
    phrase("its like", "similar …"),
    phrase("of no matter", "irrelevant"),
    phrase("good token", "valid token"),
    phrase("good tokens", "valid tokens"),
];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let files = tree.texts_ending(&EXTENSIONS);
    files
        .filter(|(path, _)| *path != LIST)
        .flat_map(|(path, text)| {
            let words = words(text);
            PHRASES
                .iter()
                .flat_map(|phrase| occurrences(phrase, &words))
                .map(|(line, phrase)| {
                    let Phrase { words, instead, .. } = phrase;
                    let what = format!("`{words}` is not plain English; use: {instead}");
                    Finding::new(path, line, what)
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

/// A word in lower case, or punctuation, with the line it is on.
type Word = (String, usize);

/// Splits `text` into words. Comment markers, line breaks and underscores separate words; other
/// punctuation is a separate word, so that no phrase matches across it.
fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let content = line
            .trim()
            .trim_start_matches(['/', '!', '*', '#', '-', ' ']);
        if content.is_empty() {
            words.push((String::new(), number));
        }
        let mut word = String::new();
        for letter in content.chars().chain([' ']) {
            if letter.is_alphanumeric() || letter == '\'' {
                word.extend(letter.to_lowercase());
                continue;
            }
            if !word.is_empty() {
                words.push((core::mem::take(&mut word), number));
            }
            if !letter.is_whitespace() && !"_\\*/".contains(letter) {
                words.push((letter.to_string(), number));
            }
        }
    }
    words
}

/// The lines on which a phrase begins.
fn occurrences<'a>(
    phrase: &'a Phrase,
    words: &'a [Word],
) -> impl Iterator<Item = (usize, &'a Phrase)> {
    let wanted: Vec<&str> = phrase.words.split(' ').collect();
    let length = wanted.len();
    let starts = (0..words.len().saturating_sub(length - 1)).filter(move |&at| {
        let is_here = words[at..at + length]
            .iter()
            .zip(&wanted)
            .all(|((word, _), wanted)| word == wanted);
        let is_exception = |at: Option<usize>, exceptions: &[&str]| {
            let word = at.and_then(|at| words.get(at));
            word.is_some_and(|(word, _)| exceptions.contains(&word.as_str()))
        };
        is_here
            && !is_exception(at.checked_sub(1), phrase.except_after)
            && !is_exception(Some(at + length), phrase.except_before)
    });
    starts.map(move |at| (words[at].1, phrase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::finding::reported;

    fn found_in(path: &str, text: &str) -> Vec<String> {
        reported(check, &[(path, text)])
    }

    #[test]
    fn each_phrase_is_found() {
        for Phrase { words, instead, .. } in &PHRASES {
            let expected = format!("docs/a.md:2: `{words}` is not plain English; use: {instead}");
            let found = found_in("docs/a.md", &format!("A line.\nThis {words} x.\n"));
            assert_eq!(found, [expected]);
        }
    }

    #[test]
    fn phrases_are_found_in_comments_strings_and_names() {
        for text in [
            "//! A text that is no\n//! token.\n",
            "    // Whoever calls this.\n",
            "let text = \"the store is not\\\n    heard\";",
            "fn security_5_opened_anew_after_a_refresh() {}",
            "-- It waits for\n-- ever.",
        ] {
            for path in ["crates/a/src/a.rs", "crates/a/src/a.sql", "end2end/a.ts"] {
                assert_eq!(found_in(path, text).len(), 1, "{path}: {text}");
            }
        }
    }

    #[test]
    fn correct_uses_are_accepted() {
        for text in [
            "There is no token.",
            "It is no longer valid, and is no more than that.",
            "This is as well as that.",
            "Two clients which are told apart.",
            "What this is. No token is stored.",
            "f(is, no, token)",
            "// That is\n\n// No token.",
            "mendable",
        ] {
            assert!(found_in("crates/a/src/a.rs", text).is_empty(), "{text}");
        }
    }

    #[test]
    fn other_kinds_of_files_are_ignored() {
        assert!(found_in("end2end/package.json", "anew").is_empty());
        assert!(found_in("Cargo.lock", "anew").is_empty());
        assert!(found_in(LIST, "anew").is_empty());
    }
}
