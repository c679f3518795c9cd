//! The denylist.

use async_trait::async_trait;
use latchkey_core::{AuditEvent, Denial, Denied};

use super::{audit, expiry};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::store::Denials;
use crate::table::DENIALS;
use crate::transaction::Tx;

#[async_trait]
impl<E: Engine> Denials for E {
    async fn deny(&self, denials: Vec<Denial>) -> Result<(), StoreError> {
        self.write(denials, |tx, denials| Box::pin(put_all(tx, denials)))
            .await
    }

    async fn revoke_token(&self, denial: Denial, event: AuditEvent) -> Result<(), StoreError> {
        self.write((denial, event), |tx, (denial, event)| {
            Box::pin(revoke(tx, denial, event))
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

/// Adds a denial. If it exists already, the later expiry wins.
pub(super) async fn put(tx: &mut Tx<'_>, denial: &Denial) -> Result<(), StoreError> {
    let key = denial.denied;
    let mut denial = denial.clone();
    if let Some(known) = tx.get(DENIALS, &key).await? {
        expiry::unschedule(tx, DENIALS, &key, known.until);
        denial = denial.merged(&known);
    }
    expiry::schedule(tx, DENIALS, &key, denial.until);
    tx.put(DENIALS, &key, &denial)
}

async fn put_all(tx: &mut Tx<'_>, denials: &[Denial]) -> Result<(), StoreError> {
    let reads = denials.iter().map(|denial| DENIALS.at(&denial.denied));
    tx.prefetch(reads.collect()).await?;
    for denial in denials {
        put(tx, denial).await?;
    }
    Ok(())
}

async fn revoke(tx: &mut Tx<'_>, denial: &Denial, event: &AuditEvent) -> Result<(), StoreError> {
    tx.prefetch(vec![
        DENIALS.at(&denial.denied),
        audit::all_events(event.user),
    ])
    .await?;
    put(tx, denial).await?;
    audit::append_once(tx, event).await
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
