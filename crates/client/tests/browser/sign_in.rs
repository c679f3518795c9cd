//! Completing a sign-in, with a key if one can be stored, otherwise without.

use gloo_storage::{LocalStorage, Storage as _};
use js_sys::{Function, Object, Reflect};
use latchkey_client::dpop::Key;
use latchkey_client::{CallbackQuery, FormError, SessionState, claims};
use latchkey_types::{ErrorCode, PasswordRequest};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::server::{Server, store, stored, tokens, wait_until};

fn query() -> CallbackQuery {
    CallbackQuery {
        code: Some("code".to_owned()),
        state: Some("state".to_owned()),
        ..CallbackQuery::default()
    }
}

async fn signed_out() -> std::rc::Rc<Server> {
    let server = Server::with_expired_tokens();
    LocalStorage::clear();
    Key::remove_others(|| None).await;
    server
}

#[wasm_bindgen_test]
async fn a_sign_in_binds_the_session_using_the_nonce_of_the_server() {
    let server = signed_out().await;
    server.nonce.replace(Some("n-1"));
    let client = server.client();
    let signed_in = client.complete_sign_in(&query()).await;
    assert!(signed_in.is_ok(), "{signed_in:?}");
    assert!(stored().expect("tokens").bound);
    let proofs = server.proofs();
    assert_eq!(
        server.count("/auth/token"),
        2,
        "once without the nonce, once with it"
    );
    let of = |proof: &str, name: &str| {
        let decoded = claims::decode(proof).expect("a JWT");
        decoded.claims.get(name).map(str::to_owned)
    };
    assert_eq!(of(&proofs[0], "nonce"), None);
    assert_eq!(of(&proofs[1], "nonce").as_deref(), Some("\"n-1\""));
    assert_ne!(of(&proofs[0], "jti"), of(&proofs[1], "jti"));
    let name = stored().and_then(|tokens| tokens.key).expect("a name");
    assert!(matches!(Key::load(&name).await, Ok(Some(_))));
}

#[wasm_bindgen_test]
async fn a_sign_in_succeeds_if_the_server_does_not_bind_sessions() {
    let server = signed_out().await;
    let client = server.client();
    assert!(client.complete_sign_in(&query()).await.is_ok());
    assert!(!stored().expect("tokens").bound);
    assert_eq!(client.state(), SessionState::SignedIn);
}

#[wasm_bindgen_test]
async fn a_rejected_proof_leads_to_an_unbound_session() {
    let server = signed_out().await;
    let refusal = r#"{"error":"invalid_dpop_proof","code":"invalid_dpop_proof"}"#;
    *server.refuse.borrow_mut() = Some((400, refusal));
    let client = server.client();
    assert!(client.complete_sign_in(&query()).await.is_ok());
    assert_eq!(server.proofs().len(), 1);
    assert_eq!(server.count("/auth/token"), 2);
    assert!(!stored().expect("tokens").bound);
}

#[wasm_bindgen_test]
async fn without_indexed_db_the_session_is_unbound() {
    let server = signed_out().await;
    server.nonce.replace(Some("n-1"));
    let window = web_sys::window().expect("a window");
    // `indexedDB` is an own property of the window, so deleting the override would not restore it.
    let original = Object::get_own_property_descriptor(&window, &"indexedDB".into());
    for getter in [
        "return undefined",
        "throw new DOMException('no', 'SecurityError')",
    ] {
        LocalStorage::clear();
        let denied = Object::new();
        let getter = Function::new_no_args(getter);
        Reflect::set(&denied, &"get".into(), &getter).expect("set");
        Reflect::set(&denied, &"configurable".into(), &JsValue::TRUE).expect("set");
        Object::define_property(&window, &"indexedDB".into(), &denied);
        let client = server.client();
        let signed_in = client.complete_sign_in(&query()).await;
        Object::define_property(&window, &"indexedDB".into(), original.unchecked_ref());
        assert!(signed_in.is_ok(), "{signed_in:?}");
        assert!(!stored().expect("tokens").bound);
        assert_eq!(client.state(), SessionState::SignedIn);
        client.sign_out().await;
    }
    assert_eq!(server.proofs(), Vec::<String>::new());
}

#[wasm_bindgen_test]
async fn signing_in_again_revokes_the_previous_session() {
    let server = signed_out().await;
    store(&tokens(0));
    let client = server.client();
    assert!(client.complete_sign_in(&query()).await.is_ok());
    wait_until(|| server.count("/auth/revoke") == 1).await;
    let log = server.log.borrow();
    let revoke = log.iter().find(|it| it.path == "/auth/revoke");
    let old = format!("token={}", tokens(0).refresh_token);
    assert_eq!(revoke.and_then(|it| it.body.as_deref()), Some(&*old));
    assert_eq!(stored().expect("tokens").access_token, "access-1");
}

fn password() -> PasswordRequest {
    PasswordRequest {
        username: "ada".to_owned(),
        password: "correct horse".to_owned(),
    }
}

#[wasm_bindgen_test]
async fn a_sign_in_with_a_password_binds_the_session_like_one_with_a_code() {
    let server = signed_out().await;
    server.nonce.replace(Some("n-1"));
    let client = server.client();
    let signed_in = client.sign_in_with_password(&password()).await;
    assert_eq!(signed_in, Ok(()));
    assert_eq!(client.state(), SessionState::SignedIn);
    assert!(stored().expect("tokens").bound);
    assert_eq!(
        server.count("/auth/password"),
        2,
        "the second with the nonce"
    );
    let log = server.log.borrow();
    let sent = log.iter().rfind(|it| it.path == "/auth/password");
    let body = sent.and_then(|it| it.body.as_deref());
    let expected = r#"{"username":"ada","password":"correct horse"}"#;
    assert_eq!(body, Some(expected));
}

#[wasm_bindgen_test]
async fn a_wrong_password_leaves_the_browser_signed_out() {
    let server = signed_out().await;
    *server.refuse.borrow_mut() = Some((401, r#"{"code":"invalid_credentials"}"#));
    let client = server.client();
    let refused = client.sign_in_with_password(&password()).await;
    let code = Some(ErrorCode::InvalidCredentials);
    assert_eq!(refused, Err(FormError::Refused(code)));
    assert_eq!(client.state(), SessionState::SignedOut);
    assert_eq!(stored(), None);
}
