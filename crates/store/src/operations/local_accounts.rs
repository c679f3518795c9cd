//! Local accounts: usernames, credentials and one-time links.
//!
//! A credential is stored under the username, so one read shows whether a name is taken and what a
//! password must match, and the read is the same for names that do not exist.

use async_trait::async_trait;
use latchkey_core::{
    AuditEvent, AuditKind, AuditRecord, Credential, Denial, Denied, EndReason, LinkHash,
    LinkPurpose, OneTimeLink, Requester, ServerAct, Timestamp, User, UserId, Username,
};

use super::{audit, audit_log, ends, expiry, user_index};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::request::{
    AllEnded, CreateOutcome, NewLocalUser, PasswordAuthority, SetPassword, SetPasswordOutcome,
};
use crate::store::LocalAccounts;
use crate::table::{CREDENTIALS, DENIALS, IDENTITIES, ONE_TIME_LINKS, SESSIONS, USERS};
use crate::transaction::Tx;

#[async_trait]
impl<E: Engine> LocalAccounts for E {
    async fn credential(&self, username: Username) -> Result<Option<Credential>, StoreError> {
        self.read(username, |tx, username| {
            Box::pin(tx.get(CREDENTIALS, username))
        })
        .await
    }

    async fn one_time_link(
        &self,
        hash: LinkHash,
        now: Timestamp,
    ) -> Result<Option<OneTimeLink>, StoreError> {
        self.read((hash, now), |tx, (hash, now)| {
            Box::pin(live_link(tx, hash, *now))
        })
        .await
    }

    async fn create_local_user(&self, new: NewLocalUser) -> Result<CreateOutcome, StoreError> {
        self.write(new, |tx, new| Box::pin(create(tx, new))).await
    }

    async fn set_password(&self, set: SetPassword) -> Result<SetPasswordOutcome, StoreError> {
        let Some(credential) = self.credential(set.username.clone()).await? else {
            return Ok(SetPasswordOutcome::Refused);
        };
        let user = credential.user;
        let live = ends::count_live(self, user, set.keep, set.now).await?;
        let written = self.write(set, |tx, set| Box::pin(set_password(tx, set)));
        let Some(denial) = written.await? else {
            return Ok(SetPasswordOutcome::Refused);
        };
        let mut denials = vec![denial];
        denials.extend(ends::record_ends_of_user(self, user).await);
        let ended = AllEnded { denials, live };
        Ok(SetPasswordOutcome::Set { user, ended })
    }

    async fn replace_hash(
        &self,
        username: Username,
        from: String,
        to: String,
    ) -> Result<bool, StoreError> {
        self.write((username, from, to), |tx, (username, from, to)| {
            Box::pin(replace_hash(tx, username, from, to))
        })
        .await
    }

    async fn add_one_time_link(
        &self,
        hash: LinkHash,
        link: OneTimeLink,
        requester: Requester,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let arguments = (hash, link, requester, now);
        self.write(arguments, |tx, (hash, link, requester, now)| {
            Box::pin(add_link(tx, hash, link, requester, *now))
        })
        .await
    }
}

async fn create(tx: &mut Tx<'_>, new: &NewLocalUser) -> Result<CreateOutcome, StoreError> {
    let user = &new.user;
    let Some(username) = &user.username else {
        return Ok(CreateOutcome::UsernameTaken);
    };
    let mut reads = vec![CREDENTIALS.at(username)];
    reads.extend(new.invitation.map(|hash| ONE_TIME_LINKS.at(&hash)));
    tx.prefetch(reads).await?;
    if tx.get(CREDENTIALS, username).await?.is_some() {
        return Ok(CreateOutcome::UsernameTaken);
    }
    if let Some(hash) = &new.invitation {
        let link = live_link(tx, hash, user.created_at).await?;
        let Some(
            link @ OneTimeLink {
                purpose: LinkPurpose::Invitation { .. },
                ..
            },
        ) = link
        else {
            return Ok(CreateOutcome::LinkInvalid);
        };
        remove_link(tx, hash, &link);
    }
    let mut credential = Credential {
        user: user.id,
        hash: new.hash.clone(),
        changed_at: user.created_at,
        link: None,
        requested_link: None,
    };
    if let Some((hash, expires_at)) = new.link {
        let purpose = LinkPurpose::SetPassword {
            username: username.clone(),
        };
        let link = OneTimeLink {
            purpose,
            expires_at,
        };
        put_link(tx, &hash, &link)?;
        credential.link = Some(hash);
    }
    tx.put(CREDENTIALS, username, &credential)?;
    user_index::put_entries(tx, user);
    tx.put(IDENTITIES, &user.identity, &user.id)?;
    tx.put(USERS, &user.id, user)?;
    record_creation(tx, new)?;
    Ok(CreateOutcome::Created)
}

/// Records the creation of an account, with its roles, invitation and link.
fn record_creation(tx: &mut Tx<'_>, new: &NewLocalUser) -> Result<(), StoreError> {
    let user = &new.user;
    let roles = (!user.roles.is_empty()).then(|| format!("roles [{}]", user.roles.join(" ")));
    let invitation = new
        .invitation
        .map(|hash| format!("invitation {}", hash.id()));
    let link = new.link.map(|(hash, _)| format!("link {}", hash.id()));
    let details: Vec<_> = [roles, invitation, link].into_iter().flatten().collect();
    let detail = (!details.is_empty()).then(|| details.join(", "));
    let (act, by) = (ServerAct::AccountCreated, &new.requester);
    record(tx, act, Some(user.id), detail, by, user.created_at)
}

/// Adds a record to the audit log only, not to the user's history.
fn record(
    tx: &mut Tx<'_>,
    act: ServerAct,
    user: Option<UserId>,
    detail: Option<String>,
    requester: &Requester,
    now: Timestamp,
) -> Result<(), StoreError> {
    let record = AuditRecord {
        user,
        device: requester.device.clone(),
        actor: requester.actor,
        detail,
        ..AuditRecord::new(now, act)
    };
    audit_log::record(tx, &record)
}

/// Sets the password and ends the user's other sessions. `None` if the authority is not valid.
async fn set_password(tx: &mut Tx<'_>, set: &SetPassword) -> Result<Option<Denial>, StoreError> {
    let username = &set.username;
    let mut reads = vec![CREDENTIALS.at(username)];
    if let PasswordAuthority::Link(hash) = &set.authority {
        reads.push(ONE_TIME_LINKS.at(hash));
    }
    tx.prefetch(reads).await?;
    let Some(mut credential) = tx.get(CREDENTIALS, username).await? else {
        return Ok(None);
    };
    let is_authorized = match &set.authority {
        PasswordAuthority::Current(hash) => credential.hash.as_ref() == Some(hash),
        PasswordAuthority::Link(hash) => {
            let purpose = live_link(tx, hash, set.now).await?.map(|link| link.purpose);
            let is_for_user = matches!(
                purpose,
                Some(LinkPurpose::SetPassword { username }) if username == set.username
            );
            is_for_user && credential.links().any(|link| link == *hash)
        }
    };
    if !is_authorized {
        return Ok(None);
    }
    let id = credential.user;
    let mut reads = vec![
        USERS.at(&id),
        DENIALS.at(&Denied::User(id)),
        audit::events_at(id, set.now),
    ];
    reads.extend(set.keep.map(|id| SESSIONS.at(&id)));
    reads.extend(credential.links().map(|hash| ONE_TIME_LINKS.at(&hash)));
    tx.prefetch(reads).await?;
    let Some(mut user) = tx.get(USERS, &id).await? else {
        return Ok(None);
    };
    // Void unused links too: a link that was created earlier must not undo this change.
    void_links(tx, &mut credential).await?;
    credential.hash = Some(set.hash.clone());
    credential.changed_at = set.now;
    tx.put(CREDENTIALS, username, &credential)?;
    let keep = match &set.keep {
        Some(id) => tx.peek(SESSIONS, id).await?,
        None => None,
    };
    let keep = keep.filter(|session| session.user == id);
    let keep = keep.map(|session| (session.id, session.cutoffs));
    if matches!(set.authority, PasswordAuthority::Link(_)) {
        user.suspend_other_identities();
    }
    let reason = EndReason::PasswordChanged;
    let denial = ends::cut_off(tx, &mut user, reason, keep, set.now).await?;
    let event = AuditEvent {
        at: set.now,
        kind: AuditKind::PasswordChanged,
        user: id,
        session: set.keep,
        device: set.device.clone(),
        actor: None,
        other_address: None,
    };
    let detail = match &set.authority {
        PasswordAuthority::Current(_) => "with the current password".to_owned(),
        PasswordAuthority::Link(hash) => format!("link {}", hash.id()),
    };
    audit::record_with(tx, &event, detail)?;
    audit::add_to_history(tx, &event).await?;
    Ok(Some(denial))
}

async fn replace_hash(
    tx: &mut Tx<'_>,
    username: &Username,
    from: &str,
    to: &str,
) -> Result<bool, StoreError> {
    let credential = tx.get(CREDENTIALS, username).await?;
    let Some(mut credential) = credential.filter(|it| it.hash.as_deref() == Some(from)) else {
        return Ok(false);
    };
    credential.hash = Some(to.to_owned());
    tx.put(CREDENTIALS, username, &credential)?;
    Ok(true)
}

/// Adds a link. A user has at most two links that set the password: one that an operator created,
/// and one that was requested for the user. A new one replaces the previous one of its kind.
async fn add_link(
    tx: &mut Tx<'_>,
    hash: &LinkHash,
    link: &OneTimeLink,
    requester: &Requester,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (act, user, kind) = match &link.purpose {
        LinkPurpose::Invitation { .. } => (ServerAct::InvitationCreated, None, "invitation"),
        LinkPurpose::SetPassword { username } => {
            let Some(mut credential) = tx.get(CREDENTIALS, username).await? else {
                return Ok(false);
            };
            let slot = credential.link_mut(requester.actor.is_some());
            void_link(tx, slot.take()).await?;
            *slot = Some(*hash);
            tx.put(CREDENTIALS, username, &credential)?;
            (
                ServerAct::PasswordLinkCreated,
                Some(credential.user),
                "link",
            )
        }
    };
    put_link(tx, hash, link)?;
    let detail = Some(format!("{kind} {}", hash.id()));
    record(tx, act, user, detail, requester, now)?;
    Ok(true)
}

/// The link with this hash, unless it has expired.
async fn live_link(
    tx: &mut Tx<'_>,
    hash: &LinkHash,
    now: Timestamp,
) -> Result<Option<OneTimeLink>, StoreError> {
    let link = tx.get(ONE_TIME_LINKS, hash).await?;
    Ok(link.filter(|link| now < link.expires_at))
}

fn put_link(tx: &mut Tx<'_>, hash: &LinkHash, link: &OneTimeLink) -> Result<(), StoreError> {
    expiry::schedule(tx, ONE_TIME_LINKS, hash, link.expires_at);
    tx.put(ONE_TIME_LINKS, hash, link)
}

fn remove_link(tx: &mut Tx<'_>, hash: &LinkHash, link: &OneTimeLink) {
    expiry::unschedule(tx, ONE_TIME_LINKS, hash, link.expires_at);
    tx.clear(ONE_TIME_LINKS, hash);
}

/// Removes the username and the credential of a user, if there is one.
pub(super) async fn remove(tx: &mut Tx<'_>, user: &mut User) -> Result<(), StoreError> {
    let Some(username) = user.username.take() else {
        return Ok(());
    };
    if let Some(mut credential) = tx.get(CREDENTIALS, &username).await?
        && credential.user == user.id
    {
        void_links(tx, &mut credential).await?;
        tx.clear(CREDENTIALS, &username);
    }
    Ok(())
}

/// Removes the links that can set this user's password.
async fn void_links(tx: &mut Tx<'_>, credential: &mut Credential) -> Result<(), StoreError> {
    void_link(tx, credential.link.take()).await?;
    void_link(tx, credential.requested_link.take()).await
}

/// Removes this link, if it still exists.
async fn void_link(tx: &mut Tx<'_>, hash: Option<LinkHash>) -> Result<(), StoreError> {
    if let Some(hash) = hash
        && let Some(link) = tx.get(ONE_TIME_LINKS, &hash).await?
    {
        remove_link(tx, &hash, &link);
    }
    Ok(())
}
