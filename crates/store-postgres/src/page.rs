//! The bounds of a page, as parameters of SQL statements.

use latchkey_store::records::Page;

/// Greater than every key: all keys begin with an ASCII letter.
const PAST_ALL: &[u8] = &[0xff];

/// The upper bound of the page. There is always one, so that a scan of the index ends there even if
/// the limit is not reached.
pub(crate) fn until(page: &Page) -> Vec<u8> {
    page.until().unwrap_or_else(|| PAST_ALL.to_vec())
}

/// The maximum number of rows.
pub(crate) fn limit(page: &Page) -> i64 {
    i64::try_from(page.limit).unwrap_or(i64::MAX)
}
