//! Token storage: one localStorage value for the tokens, and one for the idempotency key of a
//! refresh in progress.
//!
//! If localStorage is denied or full, the values are held in memory: the user stays signed in until
//! the page is closed.
//!
//! ```
//! use latchkey_client::TokenStorage;
//!
//! fn is_signed_in() -> bool {
//!     TokenStorage::open().read().tokens.is_some()
//! }
//! ```

use core::cell::RefCell;

use gloo_storage::{LocalStorage, Storage as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::browser;
use crate::engine::Stored;
use crate::tokens::{Pending, Tokens};

/// The localStorage key of the tokens; absent when signed out.
pub const TOKENS: &str = "latchkey.tokens";
/// The localStorage key of the pending idempotency key; absent when no refresh is in progress.
pub const PENDING: &str = "latchkey.pending";

/// Stores the tokens and the pending idempotency key.
#[derive(Debug)]
pub struct TokenStorage {
    tokens: Slot<Tokens>,
    pending: Slot<Pending>,
}

impl Default for TokenStorage {
    fn default() -> Self {
        Self::open()
    }
}

impl TokenStorage {
    /// Opens localStorage, or falls back to memory if it cannot be used.
    pub fn open() -> Self {
        let usable = is_usable();
        Self {
            tokens: Slot::new(TOKENS, usable),
            pending: Slot::new(PENDING, usable),
        }
    }

    /// Reads the current tokens and pending key.
    pub fn read(&self) -> Stored {
        Stored {
            tokens: self.tokens.get(),
            pending: self.pending.get(),
        }
    }

    /// Stores the tokens, atomically.
    pub fn set_tokens(&self, tokens: &Tokens) {
        self.tokens.set(tokens);
    }

    /// Stores the idempotency key of a refresh that is about to be sent.
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

    /// Discards the values in memory, because another tab changed localStorage.
    pub fn discard_memory(&self) {
        self.tokens.discard_memory();
        self.pending.discard_memory();
    }
}

/// One stored value.
#[derive(Debug)]
struct Slot<T> {
    key: &'static str,
    usable: bool,
    /// Holds the value if localStorage rejected it.
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
                // Storage is full. Remove the old value, because another tab could reuse its refresh
                // token, and try again with the space that this frees.
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

    fn discard_memory(&self) {
        if self.usable {
            self.memory.borrow_mut().take();
        }
    }
}

/// Whether localStorage exists and is readable. Accessing `window.localStorage` throws if cookies
/// are blocked.
fn is_usable() -> bool {
    let storage = browser::window().and_then(|window| window.local_storage().ok().flatten());
    storage.is_some_and(|storage| storage.get_item(TOKENS).is_ok())
}
