//! Accounts and the identities that lead to them.

use latchkey_core::{Profile, Timestamp, User, UserId};

use super::transaction::{parse, record};
use super::{Pair, Transaction, View, key};
use crate::error::StoreError;

pub(super) fn get(view: &dyn View, id: UserId) -> Result<Option<User>, StoreError> {
    record(view, &key::user(id))
}

/// Those of these pairs whose address is this one.
pub(super) fn with_email(pairs: &[Pair], email: &str) -> Result<Vec<User>, StoreError> {
    let mut found = Vec::new();
    for (key, bytes) in pairs {
        let user: User = parse(key, bytes)?;
        let address = user.email.as_deref();
        if address.is_some_and(|address| address.eq_ignore_ascii_case(email)) {
            found.push(user);
        }
    }
    Ok(found)
}

pub(super) fn put(tx: &mut Transaction<'_>, user: &User) -> Result<(), StoreError> {
    tx.put(key::user(user.id), user)
}

pub(super) fn upsert(
    tx: &mut Transaction<'_>,
    profile: &Profile,
    new_id: UserId,
    now: Timestamp,
) -> Result<User, StoreError> {
    let identity = key::identity(&profile.identity);
    let known = match record::<UserId>(tx, &identity)? {
        Some(id) => get(tx, id)?,
        None => None,
    };
    let user = match known {
        Some(user) => {
            let updated = user.clone().updated(profile.clone());
            if updated == user {
                return Ok(user);
            }
            updated
        }
        None => User::create(new_id, profile.clone(), now),
    };
    tx.put(identity, &user.id)?;
    tx.put(key::user(user.id), &user)?;
    Ok(user)
}
