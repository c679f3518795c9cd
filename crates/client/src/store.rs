//! Where the tokens lie: one value in localStorage, and beside it the key of a refresh under way.
//!
//! Where localStorage is denied, or full, the same values are kept in memory: the person stays
//! signed in until the page is closed.

use core::cell::RefCell;

use gloo_storage::{LocalStorage, Storage as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::browser;
use crate::engine::Stored;
use crate::tokens::{Pending, Tokens};

/// The localStorage key of the tokens; absent when signed out.
pub const TOKENS: &str = "latchkey.tokens";
/// The localStorage key of the pending idempotency key; absent when no refresh is under way.
pub const PENDING: &str = "latchkey.pending";

/// The tokens and the pending key.
#[derive(Debug)]
pub struct Store {
    tokens: Slot<Tokens>,
    pending: Slot<Pending>,
}

impl Default for Store {
    fn default() -> Self {
        Self::open()
    }
}

impl Store {
    /// Looks whether localStorage can be used.
    pub fn open() -> Self {
        let usable = is_usable();
        Self {
            tokens: Slot::new(TOKENS, usable),
            pending: Slot::new(PENDING, usable),
        }
    }

    /// What is stored at this moment.
    pub fn read(&self) -> Stored {
        Stored {
            tokens: self.tokens.get(),
            pending: self.pending.get(),
        }
    }

    /// Stores tokens, all at once.
    pub fn set_tokens(&self, tokens: &Tokens) {
        self.tokens.set(tokens);
    }

    /// Stores the key of a refresh that is about to be sent.
    pub fn set_pending(&self, pending: &Pending) {
        self.pending.set(pending);
    }

    /// Removes the tokens.
    pub fn clear_tokens(&self) {
        self.tokens.clear();
    }

    /// Removes the pending key.
    pub fn clear_pending(&self) {
        self.pending.clear();
    }

    /// Another tab changed localStorage: what it holds now is what counts.
    pub fn yield_to_other_tab(&self) {
        self.tokens.forget();
        self.pending.forget();
    }
}

/// One value.
#[derive(Debug)]
struct Slot<T> {
    key: &'static str,
    usable: bool,
    /// Holds the value where localStorage would not take it.
    memory: RefCell<Option<T>>,
}

impl<T: Clone + Serialize + DeserializeOwned> Slot<T> {
    const fn new(key: &'static str, usable: bool) -> Self {
        Self {
            key,
            usable,
            memory: RefCell::new(None),
        }
    }

    fn get(&self) -> Option<T> {
        let memory = self.memory.borrow().clone();
        memory.or_else(|| {
            let stored = self.usable.then(|| LocalStorage::get(self.key));
            stored?.ok()
        })
    }

    fn set(&self, value: &T) {
        let stored = self.usable && {
            LocalStorage::set(self.key, value).is_ok() || {
                // No room. Better nothing than the old value, which another tab could use a
                // second time; and its room may be enough.
                LocalStorage::delete(self.key);
                LocalStorage::set(self.key, value).is_ok()
            }
        };
        *self.memory.borrow_mut() = (!stored).then(|| value.clone());
    }

    fn clear(&self) {
        self.memory.borrow_mut().take();
        if self.usable {
            LocalStorage::delete(self.key);
        }
    }

    fn forget(&self) {
        if self.usable {
            self.memory.borrow_mut().take();
        }
    }
}

/// Whether localStorage is there and lets itself be read. Reading `window.localStorage` throws
/// where cookies are blocked.
fn is_usable() -> bool {
    let storage = browser::window().and_then(|window| window.local_storage().ok().flatten());
    storage.is_some_and(|storage| storage.get_item(TOKENS).is_ok())
}
