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
            Ok(text) => Ok(Some(text.trim_end().to_owned())),
            Err(error) => Err(format!(
                "{section}.{name}_file: {} cannot be read: {error}",
                path.display()
            )),
        },
        (None, None) => Ok(None),
    }
}
