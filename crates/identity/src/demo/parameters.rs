//! Reading the parameters of a query or a form. What they must be, each endpoint decides.

use super::error::DemoError;

/// The value of a parameter that may occur once.
pub(super) fn one<'a>(
    parameters: &'a [(String, String)],
    name: &str,
) -> Result<Option<&'a str>, DemoError> {
    let mut values = parameters.iter().filter(|(known, _)| known == name);
    let value = values.next().map(|(_, value)| value.as_str());
    if values.next().is_some() {
        Err(DemoError::Repeated)
    } else {
        Ok(value)
    }
}
