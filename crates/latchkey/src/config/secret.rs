//! Secrets: a value, or the file that holds it.

use std::fs;
use std::path::PathBuf;

/// The secret of this key, if it is set in one of the two ways.
pub(super) fn read(
    section: &str,
    name: &str,
    value: Option<String>,
    file: Option<PathBuf>,
) -> Result<Option<String>, String> {
    match (value, file) {
        (Some(_), Some(_)) => Err(format!(
            "{section}: {name} and {name}_file are both set; keep one"
        )),
        (Some(value), None) => Ok(Some(value)),
        (None, Some(path)) => match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(cleaned(&text).to_owned())),
            Err(error) => Err(format!(
                "{section}.{name}_file: {} cannot be read: {error}",
                path.display()
            )),
        },
        (None, None) => Ok(None),
    }
}

/// Without what an editor adds: a byte order mark before it, blanks and line ends behind it.
fn cleaned(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim_end()
}

/// Refuses quotation marks around a value: an environment file for containers keeps them, and the
/// provider would be sent them too.
pub(super) fn unquoted(key: &str, value: &str) -> Result<String, String> {
    let value = cleaned(value).trim_start().to_owned();
    let quoted = ['"', '\'']
        .into_iter()
        .any(|mark| value.len() > 1 && value.starts_with(mark) && value.ends_with(mark));
    if quoted {
        return Err(format!(
            "{key}: the value is in quotation marks; write it without them"
        ));
    }
    Ok(value)
}
