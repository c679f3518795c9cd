//! Key storage in IndexedDB, shared by all tabs: database `latchkey`, object store `keys`, one
//! entry per key.
//!
//! The database is opened for each operation and closed afterwards, so that an open tab does not
//! block clearing the site's data.

use js_sys::{Array, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbObjectStore, IdbRequest, IdbTransactionMode};

use crate::browser;

const DATABASE: &str = "latchkey";
const STORE: &str = "keys";

/// The key name for tokens stored by an earlier version, which did not store a key name.
pub const LEGACY_KEY_NAME: &str = "dpop";

/// How long to wait for a request, in milliseconds: IndexedDB occasionally never responds.
const REQUEST_TIMEOUT: i32 = 3_000;

/// Reads the value stored under this name. `None` if there is no such value or no IndexedDB.
pub(super) async fn read(name: &str) -> Result<Option<JsValue>, JsValue> {
    let Some(database) = open().await? else {
        return Ok(None);
    };
    let value = complete(
        &database
            .keys(IdbTransactionMode::Readonly)?
            .get(&name.into())?,
    )
    .await?;
    Ok((!value.is_undefined()).then_some(value))
}

/// Stores a value under each of these names, replacing existing values. Waits for the commit: a full
/// disk can abort the transaction after its requests have succeeded.
pub(super) async fn put(names: &[&str], value: &JsValue) -> Result<(), JsValue> {
    let database = open().await?.ok_or(JsValue::NULL)?;
    let keys = database.keys(IdbTransactionMode::Readwrite)?;
    let transaction = keys.transaction();
    let committed = Promise::new(&mut |succeed, fail| {
        transaction.set_oncomplete(Some(&succeed));
        transaction.set_onabort(Some(&fail));
    });
    for name in names {
        keys.put_with_key(value, &(*name).into())?;
    }
    in_time(committed).await?;
    Ok(())
}

/// Removes all entries except the one named by `needed` and its copy under [`LEGACY_KEY_NAME`].
pub(super) async fn remove_others(needed: impl Fn() -> Option<String>) -> Result<(), JsValue> {
    let Some(database) = open().await? else {
        return Ok(());
    };
    // Other tabs cannot write until this transaction completes. A tab that signs in during that
    // time stores its key again afterwards.
    let keys = database.keys(IdbTransactionMode::Readwrite)?;
    let names: Array = complete(&keys.get_all_keys()?).await?.unchecked_into();
    let needed = needed();
    for name in names.iter() {
        let keep = needed.as_deref().is_some_and(|needed| {
            name.as_string()
                .is_some_and(|name| name == needed || name == LEGACY_KEY_NAME)
        });
        if !keep {
            complete(&keys.delete(&name)?).await?;
        }
    }
    Ok(())
}

/// An open database. It is closed on drop, once its transactions are complete.
struct Database(IdbDatabase);

impl Drop for Database {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Database {
    fn keys(&self, mode: IdbTransactionMode) -> Result<IdbObjectStore, JsValue> {
        let transaction = self.0.transaction_with_str_and_mode(STORE, mode)?;
        transaction.object_store(STORE)
    }
}

/// Opens the database and creates it if needed. `None` if the browser has no IndexedDB or denies
/// access to it.
async fn open() -> Result<Option<Database>, JsValue> {
    let factory = browser::window().and_then(|window| window.indexed_db().ok().flatten());
    let Some(factory) = factory else {
        return Ok(None);
    };
    let request = factory.open_with_u32(DATABASE, 1)?;
    let opened = request.clone();
    let create_store = Closure::<dyn Fn()>::new(move || {
        let database = opened.result().map(JsCast::unchecked_into::<IdbDatabase>);
        let _ = database.and_then(|database| database.create_object_store(STORE));
    });
    request.set_onupgradeneeded(Some(create_store.as_ref().unchecked_ref()));
    let database = complete(&request).await?;
    Ok(Some(Database(database.unchecked_into())))
}

/// Waits for the result of a request. Fails after [`REQUEST_TIMEOUT`].
async fn complete(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let completed = Promise::new(&mut |succeed, fail| {
        request.set_onsuccess(Some(&succeed));
        request.set_onerror(Some(&fail));
    });
    in_time(completed).await?;
    request.result()
}

/// Waits for a promise. Fails after [`REQUEST_TIMEOUT`].
async fn in_time(promise: Promise) -> Result<JsValue, JsValue> {
    let timeout = Promise::new(&mut |_, fail| {
        if let Some(window) = browser::window() {
            let _ = window
                .set_timeout_with_callback_and_timeout_and_arguments_0(&fail, REQUEST_TIMEOUT);
        }
    });
    JsFuture::from(Promise::race(&Array::of2(&promise, &timeout))).await
}
