//! Token storage with localStorage available, full, and denied.

use gloo_storage::{LocalStorage, Storage as _};
use js_sys::{Function, Object, Reflect};
use latchkey_client::TokenStorage;
use latchkey_client::tokens::Pending;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::server::{stored, tokens};

#[wasm_bindgen_test]
fn tokens_are_stored_as_one_value() {
    LocalStorage::clear();
    let store = TokenStorage::open();
    store.set_tokens(&tokens(7));
    store.set_pending(&Pending::new("key".to_owned(), "refresh"));
    assert_eq!(LocalStorage::length(), 2);
    assert_eq!(stored(), Some(tokens(7)));
    let read = TokenStorage::open().read();
    assert_eq!(read.tokens, Some(tokens(7)));
    assert_eq!(read.pending.expect("a key").key, "key");
    store.clear_tokens();
    store.clear_pending();
    assert_eq!(LocalStorage::length(), 0);
}

#[wasm_bindgen_test]
fn an_unreadable_value_counts_as_signed_out() {
    LocalStorage::set("latchkey.tokens", "scribble").expect("stored");
    assert_eq!(TokenStorage::open().read().tokens, None);
    LocalStorage::clear();
    assert_eq!(TokenStorage::open().read().tokens, None);
}

#[wasm_bindgen_test]
fn full_storage_falls_back_to_memory_and_removes_old_tokens() {
    LocalStorage::clear();
    let store = TokenStorage::open();
    store.set_tokens(&tokens(1));
    let prototype = storage_prototype();
    let set_item = Reflect::get(&prototype, &"setItem".into()).expect("a function");
    let full = Function::new_no_args("throw new DOMException('full', 'QuotaExceededError')");
    Reflect::set(&prototype, &"setItem".into(), &full).expect("replaced");
    store.set_tokens(&tokens(2));
    Reflect::set(&prototype, &"setItem".into(), &set_item).expect("restored");

    assert_eq!(store.read().tokens, Some(tokens(2)));
    assert_eq!(stored(), None, "an old token could be used a second time");
    store.set_tokens(&tokens(3));
    assert_eq!(stored(), Some(tokens(3)), "localStorage has space again");
    LocalStorage::clear();
    assert_eq!(store.read().tokens, None);
}

#[wasm_bindgen_test]
fn denied_storage_falls_back_to_memory() {
    let window = web_sys::window().expect("a window");
    // The property is defined on `window` itself: the test replaces it and must restore it.
    let original = Object::get_own_property_descriptor(&window, &"localStorage".into());
    let denied = Object::new();
    let getter = Function::new_no_args("throw new DOMException('denied', 'SecurityError')");
    Reflect::set(&denied, &"get".into(), &getter).expect("set");
    Reflect::set(&denied, &"configurable".into(), &JsValue::TRUE).expect("set");
    Object::define_property(&window, &"localStorage".into(), &denied);
    let store = TokenStorage::open();
    store.set_tokens(&tokens(1));
    assert_eq!(store.read().tokens, Some(tokens(1)));
    store.clear_tokens();
    assert_eq!(store.read().tokens, None);
    Object::define_property(&window, &"localStorage".into(), original.unchecked_ref());
    assert!(
        window
            .local_storage()
            .is_ok_and(|storage| storage.is_some())
    );
}

fn storage_prototype() -> JsValue {
    let storage = Reflect::get(&js_sys::global(), &"Storage".into()).expect("Storage");
    Reflect::get(&storage, &"prototype".into()).expect("its prototype")
}
