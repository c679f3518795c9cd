//! What is wrong with a configuration, gathered so that all of it can be told at once.

/// Sentences about what is wrong.
#[derive(Debug, Default)]
pub(super) struct Mistakes(pub(super) Vec<String>);

impl Mistakes {
    pub(super) fn add(&mut self, sentence: impl Into<String>) {
        self.0.push(sentence.into());
    }

    /// Keeps the sentence of an error; the value goes on otherwise.
    pub(super) fn take<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|sentence| self.add(sentence)).ok()
    }
}
