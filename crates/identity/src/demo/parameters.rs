//! Reads the parameters of a query or a form. Each endpoint checks their values.

use super::error::DemoError;

/// The value of a parameter that may occur at most once.
pub(super) fn single<'a>(
    parameters: &'a [(String, String)],
    name: &str,
) -> Result<Option<&'a str>, DemoError> {
    let mut values = parameters.iter().filter(|(known, _)| known == name);
    let value = values.next().map(|(_, value)| value.as_str());
    if values.next().is_some() {
        Err(DemoError::Duplicate)
    } else {
        Ok(value)
    }
}
