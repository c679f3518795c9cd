//! Accounts and the identities that lead to them.

use latchkey_core::{Profile, Timestamp, User, UserId};

use super::transaction::record;
use super::{Transaction, View, key};
use crate::error::StoreError;

pub(super) fn get(view: &dyn View, id: UserId) -> Result<Option<User>, StoreError> {
    record(view, &key::user(id))
}

pub(super) fn upsert(
    tx: &mut Transaction<'_>,
    profile: Profile,
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
            let updated = user.clone().updated(profile);
            if updated == user {
                return Ok(user);
            }
            updated
        }
        None => User::create(new_id, profile, now),
    };
    tx.put(identity, &user.id)?;
    tx.put(key::user(user.id), &user)?;
    Ok(user)
}
