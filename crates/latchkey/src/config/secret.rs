//! Secrets, which are configured as a value or as a file that contains it.

use std::fs;
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

/// The secret for this key, from the value or from the file. `None` if neither is set.
pub(super) fn read(
    section: &str,
    name: &str,
    value: Option<SecretString>,
    file: Option<PathBuf>,
) -> Result<Option<SecretString>, String> {
    match (value, file) {
        (Some(_), Some(_)) => Err(format!(
            "{section}: {name} and {name}_file are both set; remove one of them"
        )),
        (Some(value), None) => Ok(Some(value)),
        (None, Some(path)) => match fs::read_to_string(&path).map(SecretString::from) {
            Ok(text) => Ok(Some(trimmed(text.expose_secret()).into())),
            Err(error) => Err(format!(
                "{section}.{name}_file: cannot read {}: {error}",
                path.display()
            )),
        },
        (None, None) => Ok(None),
    }
}

/// Removes what editors add: a byte order mark at the start, whitespace and line breaks at the end.
fn trimmed(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim_end()
}

/// Trims a value and rejects quotation marks around it. Container runtimes do not remove them from
/// env files, so they would become part of the value.
pub(super) fn unquoted(key: &str, value: &str) -> Result<String, String> {
    let value = trimmed(value).trim_start().to_owned();
    let quoted = ['"', '\'']
        .into_iter()
        .any(|mark| value.len() > 1 && value.starts_with(mark) && value.ends_with(mark));
    if quoted {
        return Err(format!(
            "{key}: the value is in quotation marks; remove them"
        ));
    }
    Ok(value)
}
