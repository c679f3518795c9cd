//! The denylist.

use core::time::Duration;

use async_trait::async_trait;
use latchkey_core::{AuditEvent, AuditKind, Denial, Denied, Requester, Timestamp};

use super::{audit, audit_log, expiry};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::request::LiftOutcome;
use crate::store::Denials;
use crate::table::{DENIALS, USERS};
use crate::transaction::Tx;

#[async_trait]
impl<E: Engine> Denials for E {
    async fn deny(&self, denials: Vec<Denial>) -> Result<Vec<Denial>, StoreError> {
        self.write(denials, |tx, denials| Box::pin(put_all(tx, denials)))
            .await
    }

    async fn revoke_token(&self, denial: Denial, event: AuditEvent) -> Result<Denial, StoreError> {
        self.write((denial, event), |tx, (denial, event)| {
            Box::pin(revoke(tx, denial, event))
        })
        .await
    }

    async fn add_denial(
        &self,
        denial: Denial,
        event: AuditEvent,
    ) -> Result<Option<Denial>, StoreError> {
        self.write((denial, event), |tx, (denial, event)| {
            Box::pin(add(tx, denial, event))
        })
        .await
    }

    async fn lift_denial(
        &self,
        denied: Denied,
        requester: Requester,
        now: Timestamp,
    ) -> Result<LiftOutcome, StoreError> {
        self.write((denied, requester, now), |tx, (denied, requester, now)| {
            Box::pin(lift(tx, *denied, requester, *now))
        })
        .await
    }

    async fn denials(
        &self,
        after: Option<Denied>,
        limit: usize,
    ) -> Result<(Vec<Denial>, Option<Denied>), StoreError> {
        self.read((after, limit), |tx, (after, limit)| {
            Box::pin(page(tx, after.as_ref(), *limit))
        })
        .await
    }
}

/// Adds a denial and returns it as it is stored. If it exists already, the later expiry wins.
pub(super) async fn put(tx: &mut Tx<'_>, denial: &Denial) -> Result<Denial, StoreError> {
    let key = denial.denied;
    let mut denial = denial.clone();
    if let Some(known) = tx.get(DENIALS, &key).await? {
        expiry::unschedule(tx, DENIALS, &key, known.until);
        if let Some(lifted) = known.lifted_at()
            && denial.lifted_at().is_none()
        {
            // The clock of the server that lifted the denial may be ahead. The new denial must be
            // later than the lift, or it would count as lifted, too.
            denial.at = denial.at.max(lifted.plus(Duration::from_millis(1)));
        }
        denial = denial.merged(&known);
    }
    expiry::schedule(tx, DENIALS, &key, denial.until);
    tx.put(DENIALS, &key, &denial)?;
    Ok(denial)
}

async fn put_all(tx: &mut Tx<'_>, denials: &[Denial]) -> Result<Vec<Denial>, StoreError> {
    let reads = denials.iter().map(|denial| DENIALS.at(&denial.denied));
    tx.prefetch(reads.collect()).await?;
    let mut stored = Vec::with_capacity(denials.len());
    for denial in denials {
        stored.push(put(tx, denial).await?);
    }
    Ok(stored)
}

async fn revoke(
    tx: &mut Tx<'_>,
    denial: &Denial,
    event: &AuditEvent,
) -> Result<Denial, StoreError> {
    tx.prefetch(vec![
        DENIALS.at(&denial.denied),
        USERS.at(&event.user),
        audit::all_events(event.user),
    ])
    .await?;
    let denial = put(tx, denial).await?;
    audit_log::record(tx, &event.into())?;
    // A condition: no event may be recorded after the user was deleted.
    if tx.get(USERS, &event.user).await?.is_some() {
        audit::append_once(tx, event).await?;
    }
    Ok(denial)
}

async fn add(
    tx: &mut Tx<'_>,
    denial: &Denial,
    event: &AuditEvent,
) -> Result<Option<Denial>, StoreError> {
    tx.prefetch(vec![
        DENIALS.at(&denial.denied),
        USERS.at(&event.user),
        audit::all_events(event.user),
    ])
    .await?;
    let known = tx.get(DENIALS, &denial.denied).await?;
    if known.is_some_and(|known| !known.is_lifted()) {
        return Ok(None);
    }
    let denial = put(tx, denial).await?;
    let detail = format!("token {}: {}", denial.denied.id(), denial.explanation());
    record(tx, event, detail).await?;
    Ok(Some(denial))
}

async fn lift(
    tx: &mut Tx<'_>,
    denied: Denied,
    requester: &Requester,
    now: Timestamp,
) -> Result<LiftOutcome, StoreError> {
    let known = tx.get(DENIALS, &denied).await?;
    let Some(mut denial) = known.filter(|denial| now < denial.until) else {
        return Ok(LiftOutcome::Unknown);
    };
    if !denial.is_liftable() {
        return Ok(LiftOutcome::NotLiftable);
    }
    let at = denial.at;
    let Some(note) = &mut denial.note else {
        return Ok(LiftOutcome::NotLiftable);
    };
    note.lifted = Some(now.max(at));
    let event = AuditEvent {
        at: now,
        kind: AuditKind::DenialLifted,
        user: note.user,
        session: None,
        device: requester.device.clone(),
        actor: requester.actor,
        other_address: None,
    };
    tx.put(DENIALS, &denied, &denial)?;
    tx.prefetch(vec![USERS.at(&event.user), audit::all_events(event.user)])
        .await?;
    record(tx, &event, format!("token {}", denied.id())).await?;
    Ok(LiftOutcome::Lifted(denial))
}

/// Records an operator's act on a token in the audit log and in the history of its user.
async fn record(tx: &mut Tx<'_>, event: &AuditEvent, detail: String) -> Result<(), StoreError> {
    audit::record_with(tx, event, detail)?;
    // A condition: nothing may be added to the history after the user was deleted.
    if tx.get(USERS, &event.user).await?.is_some() {
        audit::append_to_history(tx, event).await?;
    }
    Ok(())
}

async fn page(
    tx: &mut Tx<'_>,
    after: Option<&Denied>,
    limit: usize,
) -> Result<(Vec<Denial>, Option<Denied>), StoreError> {
    let after = after.map(|denied| DENIALS.key(denied));
    let page = tx.range(DENIALS.all().after(after).limit(limit)).await?;
    let last = page.last().filter(|_| page.len() == limit);
    let next = last.map(|(denied, _)| *denied);
    Ok((page.into_iter().map(|(_, denial)| denial).collect(), next))
}
