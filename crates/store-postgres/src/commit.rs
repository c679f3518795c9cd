//! Calling `latchkey.commit`.

use aws_lc_rs::digest::{Context, SHA256, digest};
use latchkey_store::records::{Change, Found, Pair, Read};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Statement};

use crate::page::{limit, until};

/// The parameters of the function.
#[derive(Default)]
pub(crate) struct Parameters {
    store: Vec<u8>,
    groups: Vec<i64>,
    keys: Vec<Vec<u8>>,
    values: Vec<Option<Vec<u8>>>,
    page_from: Vec<Vec<u8>>,
    page_until: Vec<Vec<u8>>,
    page_limit: Vec<i64>,
    page_digest: Vec<Vec<u8>>,
    put_keys: Vec<Vec<u8>>,
    put_values: Vec<Vec<u8>>,
    new_keys: Vec<Vec<u8>>,
    new_values: Vec<Vec<u8>>,
    gone: Vec<Vec<u8>>,
    denies: bool,
    users: Vec<String>,
}

impl Parameters {
    /// The parameters for this change. `store` is the expected record of the store's id.
    pub(crate) fn of(store: Vec<u8>, change: &Change) -> Self {
        let mut all = Self {
            store,
            groups: lock_ids(change),
            ..Self::default()
        };
        for condition in &change.conditions {
            match condition {
                (Read::Value(key), Found::Value(value)) => {
                    all.keys.push(key.clone());
                    all.values.push(value.clone());
                }
                (Read::Page(page), Found::Page(pairs)) => {
                    all.page_from.push(page.from());
                    all.page_until.push(until(page));
                    all.page_limit.push(limit(page));
                    all.page_digest.push(digest_of(pairs));
                }
                // Cannot happen: reading a value finds a value, and reading a page finds a page.
                _ => {}
            }
        }
        for (key, value) in &change.writes {
            let condition = change.conditions.get(&Read::Value(key.clone()));
            let must_be_new = condition == Some(&Found::Value(None));
            let (keys, values) = if must_be_new {
                (&mut all.new_keys, &mut all.new_values)
            } else {
                (&mut all.put_keys, &mut all.put_values)
            };
            match value {
                Some(value) => {
                    keys.push(key.clone());
                    values.push(value.clone());
                }
                None => all.gone.push(key.clone()),
            }
        }
        let announcement = change.announcement();
        all.denies = !announcement.denials.is_empty();
        let users = announcement.users.into_iter();
        all.users = users.map(|id| id.to_string()).collect();
        all
    }

    /// The parameters with their names in the function.
    fn named(&self) -> [(&'static str, &(dyn ToSql + Sync)); 15] {
        [
            ("store", &self.store),
            ("families", &self.groups),
            ("keys", &self.keys),
            ("vals", &self.values),
            ("page_from", &self.page_from),
            ("page_til", &self.page_until),
            ("page_limit", &self.page_limit),
            ("page_digest", &self.page_digest),
            ("put_keys", &self.put_keys),
            ("put_vals", &self.put_values),
            ("new_keys", &self.new_keys),
            ("new_vals", &self.new_values),
            ("gone", &self.gone),
            ("denies", &self.denies),
            ("accounts", &self.users),
        ]
    }

    /// The statement that calls the function with named parameters.
    pub(crate) fn statement() -> String {
        let none = Self::default();
        let named = (1..).zip(none.named());
        let named = named.map(|(number, (name, _))| format!("{name} => ${number}"));
        let named: Vec<_> = named.collect();
        format!("SELECT latchkey.commit({})", named.join(", "))
    }

    /// Commits the change if its conditions hold, and returns whether they did.
    pub(crate) async fn commit(
        &self,
        client: &Client,
        statement: &Statement,
    ) -> Result<bool, Error> {
        let values = self.named().map(|(_, value)| value);
        let row = client.query_one(statement, &values).await?;
        Ok(row.get(0))
    }
}

/// The ids of the advisory locks of a change, one per conflict group.
pub(crate) fn lock_ids(change: &Change) -> Vec<i64> {
    let groups = change.conflict_groups();
    groups.iter().map(|group| lock_id(group)).collect()
}

/// The id of the advisory lock of a conflict group. If two groups share an id by chance, they only
/// wait for each other.
fn lock_id(group: &[u8]) -> i64 {
    let digest = digest(&SHA256, group);
    let mut id = [0; 8];
    id.copy_from_slice(&digest.as_ref()[..8]);
    i64::from_be_bytes(id)
}

/// The digest of rows as the function `latchkey.page_digest` computes it.
fn digest_of(pairs: &[Pair]) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    for part in pairs.iter().flat_map(|(key, value)| [key, value]) {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        context.update(&length.to_be_bytes());
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::Parameters;

    #[test]
    fn named_parameters_match_the_function() {
        let sql = include_str!("sql/2_commit.sql");
        let (_, rest) = sql
            .split_once("FUNCTION latchkey.commit(")
            .expect("the function");
        let (declared, _) = rest.split_once(") RETURNS").expect("its end");
        let lines = declared
            .lines()
            .filter(|line| !line.trim().starts_with("--"));
        let declared: String = lines.collect();
        let declared = declared
            .split(',')
            .filter_map(|it| it.split_whitespace().next());
        let parameters = Parameters::default();
        let named = parameters.named().map(|(name, _)| name);
        assert_eq!(declared.collect::<Vec<_>>(), named);
    }
}
