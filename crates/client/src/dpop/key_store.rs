//! A place in IndexedDB that all tabs share: database `latchkey`, store `keys`, one entry per key.
//!
//! Opened for each use and closed after it, so that no tab stands in the way of those who clear
//! the site's data.

use js_sys::{Array, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbObjectStore, IdbRequest, IdbTransactionMode};

use crate::browser;

const DATABASE: &str = "latchkey";
const STORE: &str = "keys";

/// The name of the key of tokens that name none: those of earlier versions.
pub const UNNAMED: &str = "dpop";

/// After this IndexedDB is taken for stuck, as it is now and then, in milliseconds.
const REQUEST_TIMEOUT: i32 = 3_000;

/// The key stored under this name; `None` also where there is no IndexedDB.
pub(super) async fn read(name: &str) -> Result<Option<JsValue>, JsValue> {
    let Some(database) = open().await? else {
        return Ok(None);
    };
    let found = done(
        &database
            .keys(IdbTransactionMode::Readonly)?
            .get(&name.into())?,
    )
    .await?;
    Ok((!found.is_undefined()).then_some(found))
}

/// Puts a value there under each of these names, in place of what there was.
pub(super) async fn put(names: &[&str], value: &JsValue) -> Result<(), JsValue> {
    let database = open().await?.ok_or(JsValue::NULL)?;
    let keys = database.keys(IdbTransactionMode::Readwrite)?;
    for name in names {
        done(&keys.put_with_key(value, &(*name).into())?).await?;
    }
    Ok(())
}

/// Removes all that is there, but for what is `needed` and the copy of it that has no name.
pub(super) async fn remove_others(needed: impl Fn() -> Option<String>) -> Result<(), JsValue> {
    let Some(database) = open().await? else {
        return Ok(());
    };
    // From here on other writers wait for this one: a tab that needs its key from now on puts it
    // back after it was removed.
    let keys = database.keys(IdbTransactionMode::Readwrite)?;
    let names: Array = done(&keys.get_all_keys()?).await?.unchecked_into();
    let needed = needed();
    for name in names.iter() {
        let kept = needed.as_deref().is_some_and(|needed| {
            name.as_string()
                .is_some_and(|name| name == needed || name == UNNAMED)
        });
        if !kept {
            done(&keys.delete(&name)?).await?;
        }
    }
    Ok(())
}

/// An open database; closed when it is dropped and its work is done.
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

/// Opens the database, made on the way if there is none; `None` where the browser has no
/// IndexedDB or denies it.
async fn open() -> Result<Option<Database>, JsValue> {
    let factory = browser::window().and_then(|window| window.indexed_db().ok().flatten());
    let Some(factory) = factory else {
        return Ok(None);
    };
    let request = factory.open_with_u32(DATABASE, 1)?;
    let opened = request.clone();
    let furnish = Closure::<dyn Fn()>::new(move || {
        let database = opened.result().map(JsCast::unchecked_into::<IdbDatabase>);
        let _ = database.and_then(|database| database.create_object_store(STORE));
    });
    request.set_onupgradeneeded(Some(furnish.as_ref().unchecked_ref()));
    let database = done(&request).await?;
    Ok(Some(Database(database.unchecked_into())))
}

/// The result of a request, once it is there.
async fn done(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let answered = Promise::new(&mut |succeed, fail| {
        request.set_onsuccess(Some(&succeed));
        request.set_onerror(Some(&fail));
    });
    let late = Promise::new(&mut |_, fail| {
        if let Some(window) = browser::window() {
            let _ = window
                .set_timeout_with_callback_and_timeout_and_arguments_0(&fail, REQUEST_TIMEOUT);
        }
    });
    JsFuture::from(Promise::race(&Array::of2(&answered, &late))).await?;
    request.result()
}
