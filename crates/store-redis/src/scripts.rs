//! The Lua scripts, and what they are given.

use core::fmt::Write as _;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use latchkey_store::records::{Change, Found, Page, Pair, Read};
use latchkey_store::table::{KINDS, STORE_ID};
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

    /// The call that reads all of these from the store of this id.
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

    /// The call that makes this change in the store of this id.
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
        let news = change.announcement();
        for denial in &news.denials {
            call.arg("denial").arg(&**denial);
        }
        for account in &news.accounts {
            call.arg("account").arg(&account.as_bytes()[..]);
        }
        call
    }
}

/// What the scripts must know of the tables, in Lua.
fn tables() -> String {
    let store_id = String::from_utf8_lossy(STORE_ID.kind().prefix);
    let mut lua = format!("local STORE_ID = '{store_id}'\nlocal INDEXES = {{}}");
    for index in KINDS.iter().filter(|kind| kind.is_index) {
        let prefix = String::from_utf8_lossy(index.prefix);
        // Writing to a String cannot fail.
        let _ = write!(lua, "\nINDEXES['{prefix}'] = true");
    }
    lua
}

/// The bounds of a page as `ZRANGE … BYLEX` wants them.
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
    let kind = page.prefix.get(..1).unwrap_or_default();
    call.arg("p").arg(kind).arg(from).arg(until).arg(limit);
}

/// What the script of the same name makes of a page: it need not be sent back to be compared.
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
    use latchkey_store::table::KINDS;

    use super::tables;

    #[test]
    fn scripts_know_the_store_id_and_the_indexes_from_the_tables() {
        let expected = "local STORE_ID = 'mid'\nlocal INDEXES = {}\nINDEXES['e'] = true\n\
                        INDEXES['n'] = true\nINDEXES['x'] = true";
        assert_eq!(tables(), expected);
        // A script tells an index by the first byte of a key.
        assert!(
            KINDS
                .iter()
                .all(|kind| !kind.is_index || kind.prefix.len() == 1)
        );
    }
}
