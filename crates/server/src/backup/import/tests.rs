use latchkey_core::{StoreId, Timestamp};
use latchkey_store::MemoryStore;
use latchkey_tokens::SystemRng;

use super::*;
use crate::backup::lines::tests::{backup, key};

#[tokio::test]
async fn a_backup_that_is_another_at_its_second_reading_is_not_taken_for_imported() {
    let whole = backup(200).concat();
    let examined = examine(whole.as_bytes(), key(1)).expect("it is whole");
    let cut = &whole[..whole.len() / 2];
    let cut = &cut[..=cut.rfind('\n').expect("a line")];
    let changed = whole.replacen("person-7@", "person-8@", 1);
    // A pipe is read to its end once.
    for second in ["", cut, &backup(3).concat(), &changed] {
        let store = MemoryStore::empty();
        let done = import(second.as_bytes(), key(1), &examined, &store, |_| ()).await;
        assert!(matches!(done, Err(ImportError::Changed)), "{done:?}");
        let id = StoreId::random(&SystemRng);
        let served = store.identify(id, Timestamp::from_secs(1)).await;
        assert_eq!(served, Err(StoreError::HalfImported));
    }
    let store = MemoryStore::empty();
    let done = import(whole.as_bytes(), key(1), &examined, &store, |_| ()).await;
    assert!(done.is_ok(), "{done:?}");
}
