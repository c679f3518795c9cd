//! The Lua scripts and their arguments.

use core::fmt::Write as _;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use latchkey_store::records::{Change, Found, Page, Pair, Read};
use latchkey_store::table::{STORE_ID, TABLES};
use redis::{Script, ScriptInvocation};

/// Both scripts.
pub(crate) struct Scripts {
    fetch: Script,
    commit: Script,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        let keyspace = format!("{}\n{}", tables(), include_str!("lua/keyspace.lua"));
        let script = |body: &str| Script::new(&format!("{keyspace}\n{body}"));
        Self {
            fetch: script(include_str!("lua/fetch.lua")),
            commit: script(include_str!("lua/commit.lua")),
        }
    }

    /// The invocation that performs these reads in the store with this id.
    pub(crate) fn fetch(&self, id: &[u8], reads: &[Read]) -> ScriptInvocation<'_> {
        let mut call = self.fetch.prepare_invoke();
        call.arg(id);
        for read in reads {
            match read {
                Read::Value(key) => {
                    call.arg("v").arg(&**key);
                }
                Read::Page(page) => add_page(&mut call, page),
            }
        }
        call
    }

    /// The invocation that commits this change in the store with this id.
    pub(crate) fn commit(&self, id: &[u8], change: &Change) -> ScriptInvocation<'_> {
        let mut call = self.commit.prepare_invoke();
        call.arg(id);
        for condition in &change.conditions {
            match condition {
                (Read::Value(key), Found::Value(Some(value))) => {
                    call.arg("v").arg(&**key).arg("+").arg(&**value);
                }
                (Read::Value(key), _) => {
                    call.arg("v").arg(&**key).arg("-");
                }
                (Read::Page(page), found) => {
                    add_page(&mut call, page);
                    let pairs = match found {
                        Found::Page(pairs) => pairs.as_slice(),
                        Found::Value(_) => &[],
                    };
                    call.arg(digest_of(pairs));
                }
            }
        }
        for (key, value) in &change.writes {
            match value {
                Some(value) => call.arg("s").arg(&**key).arg(&**value),
                None => call.arg("d").arg(&**key),
            };
        }
        let announcement = change.announcement();
        for denial in &announcement.denials {
            call.arg("denial").arg(&**denial);
        }
        for user in &announcement.users {
            call.arg("account").arg(&user.as_bytes()[..]);
        }
        call
    }
}

/// What the scripts need to know about the tables, in Lua.
fn tables() -> String {
    let store_id = String::from_utf8_lossy(STORE_ID.info().prefix);
    let mut lua = format!("local STORE_ID = '{store_id}'\nlocal INDEXES = {{}}");
    for index in TABLES.iter().filter(|table| table.is_index) {
        let prefix = String::from_utf8_lossy(index.prefix);
        // Writing to a String cannot fail.
        let _ = write!(lua, "\nINDEXES['{prefix}'] = true");
    }
    lua
}

/// Adds the arguments of a page, with bounds in the syntax of `ZRANGE … BYLEX`.
fn add_page(call: &mut ScriptInvocation<'_>, page: &Page) {
    let from = match &page.after {
        Some(after) => [b"(", after.as_slice()].concat(),
        None => [b"[", page.prefix.as_slice()].concat(),
    };
    let until = match page.until() {
        Some(until) => [b"(", until.as_slice()].concat(),
        None => b"+".to_vec(),
    };
    let limit = i64::try_from(page.limit).unwrap_or(-1);
    let table = page.prefix.get(..1).unwrap_or_default();
    call.arg("p").arg(table).arg(from).arg(until).arg(limit);
}

/// The digest of a page, as the function `digest` of the script computes it. A condition contains
/// the digest instead of the page.
fn digest_of(pairs: &[Pair]) -> String {
    let mut text = Vec::new();
    for part in pairs.iter().flat_map(|(key, value)| [key, value]) {
        text.extend_from_slice(format!("{}:", part.len()).as_bytes());
        text.extend_from_slice(part);
    }
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, &text);
    let mut hex = String::with_capacity(40);
    for byte in digest.as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use latchkey_store::table::TABLES;

    use super::tables;

    #[test]
    fn store_id_and_indexes_are_generated_from_the_tables() {
        let text = tables();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("local STORE_ID = 'mid'"));
        assert_eq!(lines.next(), Some("local INDEXES = {}"));
        let indexes: Vec<_> = lines.collect();
        let of_tables = TABLES.iter().filter(|table| table.is_index).map(|table| {
            let prefix = String::from_utf8_lossy(table.prefix);
            format!("INDEXES['{prefix}'] = true")
        });
        assert_eq!(indexes, of_tables.collect::<Vec<_>>());
        assert!(indexes.contains(&"INDEXES['x'] = true"));
        // The scripts recognize an index by the first byte of a key.
        assert!(
            TABLES
                .iter()
                .all(|table| !table.is_index || table.prefix.len() == 1)
        );
    }
}
