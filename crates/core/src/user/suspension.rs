//! Identities that are suspended: they still belong to the user, but nobody can sign in with them.
//!
//! A link to set a password is used by somebody who lost the password, perhaps to a thief. The thief
//! may have added an identity to the account, and could still sign in with it. Only the link proves
//! who the user is. So all identities but the local one are suspended until the user signs in and
//! adds them again. If one were removed instead, a sign-in with it would create a second account.

use core::time::Duration;

use super::{Identity, LOCAL, User};
use crate::clock::Timestamp;

/// How long another way to sign in must have existed before the password can be removed. A thief who
/// knows the password could otherwise add an identity and remove the password, and no link could
/// give the account back.
const SETTLED_AFTER: Duration = Duration::from_hours(7 * 24);

impl User {
    /// The number of the identity of the local account, if there is one.
    pub fn local_identity(&self) -> Option<u32> {
        self.number_of(&Identity {
            issuer: LOCAL.to_owned(),
            subject: self.id.to_string(),
        })
    }

    /// Suspends all identities except that of the local account.
    pub fn suspend_other_identities(&mut self) {
        let local = self.local_identity();
        let numbers = self.all_identities().into_iter().map(|it| it.number);
        self.suspended = numbers.filter(|number| Some(*number) != local).collect();
    }

    /// Whether the identity with this number is suspended.
    pub fn is_suspended(&self, number: u32) -> bool {
        self.suspended.contains(&number)
    }

    /// Whether the user could still sign in without the identity with this number. The password
    /// can be replaced only by a way to sign in that has existed for seven days.
    pub(super) fn has_way_without(&self, number: u32, now: Timestamp) -> bool {
        let all = self.all_identities().into_iter();
        let mut others = all.filter(|other| other.number != number);
        if self.is_suspended(number) {
            return others.next().is_some();
        }
        let is_local = self.local_identity() == Some(number);
        others.any(|other| {
            let is_settled = now.since(other.linked_at) >= SETTLED_AFTER;
            !self.is_suspended(other.number) && (is_settled || !is_local)
        })
    }
}
