//! Searching users and paging through lists: which terms a user is found by, what a query matches,
//! and the cursor of a page. Pure; the index itself is in `operations`.
//!
//! ```
//! use latchkey_core::{Timestamp, UserId};
//! use latchkey_store::{ListCursor, MemoryStore, StoreError, UserQuery, Users as _};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), StoreError> {
//! let store = MemoryStore::empty();
//! let query = UserQuery {
//!     text: "ada".to_owned(),
//!     ..UserQuery::default()
//! };
//! let now = Timestamp::from_secs(1_800_000_000);
//! let found = store.search_users(query, None, 50, now).await?;
//! assert!(found.expect("no cursor was given").items.is_empty());
//! assert!("not a cursor".parse::<ListCursor>().is_err());
//! # Ok(())
//! # }
//! ```

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::{Denied, Timestamp, User};

use crate::table::{DENIALS, Term};

/// How many words of a name are indexed.
const MAX_WORDS: usize = 8;
/// The maximum length of a cursor, in bytes.
const MAX_CURSOR_BYTES: usize = 256;

/// Which users to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// Words, each of which must be the beginning of an email address, the username or a word of
    /// the name, without regard to case; or the id of a user. Empty: no restriction.
    pub text: String,
    /// Only users with this status.
    pub status: Option<UserStatus>,
    /// Only users to whom an operator granted this role.
    pub role: Option<String>,
}

/// Whether a user is banned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserStatus {
    /// No ban is in force.
    Active,
    /// A ban is in force.
    Banned,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage<T> {
    /// The items. There can be fewer than requested, or none, although there are more pages,
    /// because the work for one page is bounded.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last page.
    pub next: Option<ListCursor>,
}

/// A position in a list. Its text form is the opaque cursor of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListCursor(pub(crate) Vec<u8>);

impl ListCursor {
    /// The position after the denial of this target.
    pub fn at_denial(denied: &Denied) -> Self {
        Self(DENIALS.key(denied))
    }

    /// The target of the denial at this position; `None` if it is a position in another list.
    pub fn denied(&self) -> Option<Denied> {
        DENIALS.key_of(&self.0)
    }
}

/// The string is not a valid cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCursor;

impl fmt::Display for InvalidCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "`before` must be the value of `next` from an earlier response to the same query",
        )
    }
}

impl core::error::Error for InvalidCursor {}

impl fmt::Display for ListCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl FromStr for ListCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        if bytes.is_empty() || bytes.len() > MAX_CURSOR_BYTES {
            return Err(InvalidCursor);
        }
        Ok(Self(bytes))
    }
}

/// The terms that a user is found by.
pub(crate) fn terms_of(user: &User) -> BTreeSet<Term> {
    let mut terms = BTreeSet::new();
    let name = user.name.as_deref().unwrap_or_default();
    terms.extend(name.split_whitespace().take(MAX_WORDS).map(Term::word));
    terms.extend(user.emails().map(Term::word));
    terms.extend(user.username.as_ref().map(|it| Term::word(it.as_str())));
    terms.extend(user.roles.iter().map(|role| Term::role(role)));
    terms.extend(user.ban.is_some().then(Term::banned));
    terms.remove(&Term(Vec::new()));
    terms
}

/// The part of the index that a query scans. The query is checked against each record: an entry may
/// be stale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scan {
    /// All users, newest first.
    Newest,
    /// The users with exactly this term, newest first.
    Exact(Term),
    /// The users with a term that begins with this word.
    Prefix(Term),
}

impl UserQuery {
    /// The words of [`text`](Self::text).
    fn words(&self) -> impl Iterator<Item = Term> {
        let words = self.text.split_whitespace().map(Term::word);
        words.filter(|word| !word.0.is_empty())
    }

    /// The part of the index that is likely to be the smallest.
    pub(crate) fn scan(&self) -> Scan {
        if self.status == Some(UserStatus::Banned) {
            return Scan::Exact(Term::banned());
        }
        if let Some(role) = &self.role {
            return Scan::Exact(Term::role(role));
        }
        let longest = self.words().max_by_key(|word| word.0.len());
        longest.map_or(Scan::Newest, Scan::Prefix)
    }

    /// Whether the query matches this user.
    pub(crate) fn matches(&self, user: &User, now: Timestamp) -> bool {
        let terms = terms_of(user);
        let has_status = self.status.is_none_or(|status| {
            let is_banned = user.is_banned(now);
            is_banned == (status == UserStatus::Banned)
        });
        let has_role = self
            .role
            .as_ref()
            .is_none_or(|role| user.roles.contains(role));
        let found = |word: Term| terms.iter().any(|term| term.0.starts_with(&word.0));
        has_status && has_role && self.words().all(found)
    }
}

impl Scan {
    /// Whether to list the user at this entry of the index: a user can have several terms that
    /// begin with the same word, but must be listed only once.
    pub(crate) fn lists_at(&self, user: &User, term: &Term) -> bool {
        let terms = terms_of(user);
        match self {
            Self::Newest => true,
            Self::Exact(exact) => terms.contains(exact),
            Self::Prefix(word) => {
                let first = terms.iter().find(|it| it.0.starts_with(&word.0));
                first == Some(term)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use latchkey_core::{Identity, Profile, Timestamp, User, UserId};

    use super::{ListCursor, Scan, Term, UserQuery, UserStatus, terms_of};

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn user(name: &str, email: &str) -> User {
        let profile = Profile {
            identity: Identity {
                issuer: "https://issuer.example".into(),
                subject: "ada".into(),
            },
            email: Some(email.into()),
            email_verified: true,
            name: Some(name.into()),
            hosted_domain: None,
        };
        User::create(UserId::from_bytes([1; 16]), profile, NOW)
    }

    fn query(text: &str) -> UserQuery {
        UserQuery {
            text: text.to_owned(),
            ..UserQuery::default()
        }
    }

    #[test]
    fn words_match_the_beginning_of_address_and_names_in_any_case() {
        let ada = user("Ada Łovelace", "Countess@Example.com");
        for text in ["", "ada", "AD", "łove", "countess@ex", "ada Ł", "  lov\0 "] {
            let expected = text != "  lov\0 ";
            assert_eq!(query(text).matches(&ada, NOW), expected, "{text:?}");
        }
        for text in ["lace", "ada bob", "example.com"] {
            assert!(!query(text).matches(&ada, NOW), "{text:?}");
        }
    }

    #[test]
    fn terms_are_bounded_and_contain_no_nul() {
        let long = "é".repeat(5000);
        let ada = user(&format!("{long} {}", "a ".repeat(100)), "\0x@y\0");
        let terms = terms_of(&ada);
        assert_eq!(terms.len(), 3, "{terms:?}");
        for term in terms {
            assert!(term.0.len() <= 64 && !term.0.contains(&0), "{term:?}");
            assert!(String::from_utf8(term.0).is_ok());
        }
    }

    #[test]
    fn filters_choose_the_smallest_part_of_the_index() {
        assert_eq!(query(" ").scan(), Scan::Newest);
        assert_eq!(query("a Bob").scan(), Scan::Prefix(Term::word("bob")));
        let mut admins = query("a");
        admins.role = Some("admin".to_owned());
        assert_eq!(admins.scan(), Scan::Exact(Term::role("admin")));
        admins.status = Some(UserStatus::Banned);
        assert_eq!(admins.scan(), Scan::Exact(Term::banned()));
    }

    #[test]
    fn a_user_with_several_matching_terms_is_listed_once() {
        let ada = user("Ada Adams", "ada@example.com");
        let scan = query("ad").scan();
        let listed = |term: &&Term| scan.lists_at(&ada, term);
        assert_eq!(terms_of(&ada).iter().filter(listed).count(), 1);
    }

    #[test]
    fn only_valid_cursors_are_parsed() {
        let cursor = ListCursor(b"u123".to_vec());
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in ["", "a", "*", "dTEyMw=="] {
            assert!(text.parse::<ListCursor>().is_err(), "{text:?}");
        }
        assert!("AAAA".repeat(100).parse::<ListCursor>().is_err());
    }
}
