//! Cleans an email address or a name from a provider, so that it is safe to store and display.

/// The longest email address, in bytes (RFC 5321 §4.5.3.1.3).
const MAX_EMAIL_BYTES: usize = 254;
/// The maximum length of a name, in characters; longer names are truncated, since the name is in
/// every access token.
const MAX_NAME_CHARS: usize = 100;

/// The email address, if it is valid. Whitespace around it is ignored.
pub(crate) fn email(text: &str) -> Option<String> {
    let text = text.trim();
    // Mail programs disagree about these characters: the provider may have sent its verification
    // email to another mailbox.
    let forbidden = |c: char| c.is_control() || c.is_whitespace() || ",;:<>()[]\"\\".contains(c);
    let valid = text.len() <= MAX_EMAIL_BYTES
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        })
        && !text.chars().any(forbidden);
    valid.then(|| text.to_owned())
}

/// The name as a single line, truncated to [`MAX_NAME_CHARS`]; `None` if it has no visible character.
pub(crate) fn name(text: &str) -> Option<String> {
    let line: String = text
        .chars()
        .map(|c| if is_layout(c) { ' ' } else { c })
        .collect();
    let truncated: String = line.trim().chars().take(MAX_NAME_CHARS).collect();
    let visible = truncated
        .chars()
        .any(|c| !c.is_whitespace() && !is_invisible(c));
    visible.then_some(truncated)
}

/// Control characters, line separators, and characters that change the direction of text.
fn is_layout(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters that are displayed as nothing or as a blank, but are not white space (Unicode's
/// `Default_Ignorable_Code_Point`, and the Braille blank). They are legitimate between other
/// characters, so they are not removed.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}
