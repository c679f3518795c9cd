//! The bounds of a page as both statements take them.

use latchkey_store::records::Page;

/// Past every key: they all begin with a letter.
const PAST_ALL: &[u8] = &[0xff];

/// Always something to compare with: the index is read up to there and no further, whatever the
/// limit is.
pub(crate) fn until(page: &Page) -> Vec<u8> {
    page.until().unwrap_or_else(|| PAST_ALL.to_vec())
}

/// How many rows at most.
pub(crate) fn limit(page: &Page) -> i64 {
    i64::try_from(page.limit).unwrap_or(i64::MAX)
}
