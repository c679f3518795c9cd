//! Makes untrusted text safe to print on a terminal. Names, addresses, reasons and browsers come
//! from users, operators and providers.

/// The text on one line: control characters, and characters that reorder or hide the text around
/// them, are escaped.
pub(super) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || changes_layout(c) {
            printable.extend(c.escape_unicode());
        } else {
            printable.push(c);
        }
    }
    printable
}

/// Does the same for each line of the text, and keeps the line breaks.
pub(super) fn printable_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(printable).collect();
    lines.join("\n")
}

/// Whether the character breaks or reorders the line (Unicode Standard Annex #9), or is invisible.
/// The joiners U+200C and U+200D do not count, because names and emoji contain them.
const fn changes_layout(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            printable("a\u{1b}]0;x\u{7}\r\nb\u{9b}2J\u{7f} ü"),
            "a\\u{1b}]0;x\\u{7}\\u{d}\\u{a}b\\u{9b}2J\\u{7f} ü"
        );
    }

    #[test]
    fn invisible_and_reordering_characters_are_escaped() {
        assert_eq!(
            printable("ada\u{202e}moc\u{2028}\u{200b}\u{2066}\u{feff}"),
            "ada\\u{202e}moc\\u{2028}\\u{200b}\\u{2066}\\u{feff}"
        );
    }

    #[test]
    fn other_text_is_unchanged() {
        for text in [
            "Ada \"Lovelace\" \\",
            "Łukasz",
            "阿达",
            "עדה",
            "👩🏽‍🚀",
            "می‌خواهم",
            "e\u{301}",
        ] {
            assert_eq!(printable(text), text);
        }
    }
}
