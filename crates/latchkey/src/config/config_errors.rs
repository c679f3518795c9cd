//! Collects the errors in a configuration, so that all of them can be reported at once.

/// One message for each error.
#[derive(Debug, Default)]
pub(super) struct ConfigErrors(pub(super) Vec<String>);

impl ConfigErrors {
    pub(super) fn add(&mut self, message: impl Into<String>) {
        self.0.push(message.into());
    }

    /// Returns the value, or adds the error.
    pub(super) fn record<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.add(message)).ok()
    }
}
