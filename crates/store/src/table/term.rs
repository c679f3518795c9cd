//! Search terms of users, as keys of an index.

/// The maximum length of a term, in bytes.
const MAX_TERM_BYTES: usize = 64;

/// A search term: a word in lower case, or a mark such as a granted role, which begins with NUL. No
/// word contains NUL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term(pub(crate) Vec<u8>);

impl Term {
    /// The term of a word: in lower case, without NUL, and cut to 64 bytes.
    pub(crate) fn word(word: &str) -> Self {
        let mut word = word.to_lowercase();
        word.retain(|c| c != '\0');
        let mut end = word.len().min(MAX_TERM_BYTES);
        while !word.is_char_boundary(end) {
            end -= 1;
        }
        word.truncate(end);
        Self(word.into_bytes())
    }

    /// The mark of users with a ban, which may have ended.
    pub(crate) fn banned() -> Self {
        Self(b"\0banned".to_vec())
    }

    /// The mark of users with this granted role.
    pub(crate) fn role(role: &str) -> Self {
        Self([b"\0role:", role.as_bytes()].concat())
    }
}
