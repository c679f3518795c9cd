//! Accounts and the identities that lead to them.

use latchkey_core::{Profile, Timestamp, User, UserId};

use super::transaction::{parse, peeked, record};
use super::{Pair, Transaction, View, key};
use crate::error::StoreError;

pub(super) fn get(view: &dyn View, id: UserId) -> Result<Option<User>, StoreError> {
    record(view, &key::user(id))
}

/// The same for a change that may be made even if the account is banned, or its sessions are ended,
/// at the same moment: what it gives carries the number of the cut-off it knew, and is refused by
/// that. So nothing that an account's sessions do is in the way of a ban, not even as a reader.
pub(super) fn peek(view: &dyn View, id: UserId) -> Result<Option<User>, StoreError> {
    peeked(view, &key::user(id))
}

/// Those of the accounts that these entries of the index name whose address is this one.
pub(super) fn of_entries(
    view: &dyn View,
    entries: &[Pair],
    email: &str,
) -> Result<Vec<User>, StoreError> {
    let ids = entries
        .iter()
        .filter_map(|(key, _)| key::user_named_by(key));
    let ids: Vec<_> = ids.collect();
    view.expect(ids.iter().copied().map(key::user).collect());
    let mut found = Vec::new();
    for id in ids {
        found.extend(get(view, id)?.filter(|user| has_email(user, email)));
    }
    Ok(found)
}

fn has_email(user: &User, email: &str) -> bool {
    let address = user.email.as_deref();
    address.is_some_and(|address| address.eq_ignore_ascii_case(email))
}

/// Lets an account be found by its address.
pub(super) fn index(tx: &mut Transaction<'_>, user: &User) {
    if let Some(address) = &user.email {
        tx.mark(key::email(address, user.id));
    }
}

/// The same for all of these pairs.
pub(super) fn index_all(tx: &mut Transaction<'_>, pairs: &[Pair]) -> Result<(), StoreError> {
    for (key, bytes) in pairs {
        index(tx, &parse(key, bytes)?);
    }
    Ok(())
}

/// Those of these pairs whose address is this one.
pub(super) fn with_email(pairs: &[Pair], email: &str) -> Result<Vec<User>, StoreError> {
    let mut found = Vec::new();
    for (key, bytes) in pairs {
        let user: User = parse(key, bytes)?;
        if has_email(&user, email) {
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
    // At most sign-ins nothing changes, and nothing depends on what was read.
    if let Some(id) = peeked::<UserId>(tx, &identity)?
        && let Some(user) = peek(tx, id)?
        && user.clone().updated(profile.clone()) == user
    {
        return Ok(user);
    }
    let known = match record::<UserId>(tx, &identity)? {
        Some(id) => get(tx, id)?,
        None => None,
    };
    let user = match known {
        Some(user) => {
            let updated = user.clone().updated(profile.clone());
            if let Some(address) = user.email {
                tx.remove(key::email(&address, user.id));
            }
            updated
        }
        None => User::create(new_id, profile.clone(), now),
    };
    index(tx, &user);
    tx.put(identity, &user.id)?;
    tx.put(key::user(user.id), &user)?;
    Ok(user)
}
