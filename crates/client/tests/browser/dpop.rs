//! The browser's key and its proofs, with real IndexedDB and WebCrypto.

use gloo_storage::{LocalStorage, Storage as _};
use js_sys::{Array, Function, Promise, Reflect};
use latchkey_client::dpop::{Key, LEGACY_KEY_NAME, ProofTarget};
use latchkey_client::{
    Call, EndReason, Method, Notice, Progress, SessionState, Tokens, TransientError, claims,
};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::server::{Server, notices, store, stored, tokens, wait_for_state, wait_until};

/// Runs JavaScript: the body of a function that returns a promise.
async fn run(body: &str, arguments: &[&JsValue]) -> Result<JsValue, JsValue> {
    let function = Function::new_with_args("a, b", body);
    let arguments: Array = arguments.iter().copied().collect();
    let promise: Promise = function.apply(&JsValue::NULL, &arguments)?.unchecked_into();
    JsFuture::from(promise).await
}

/// Reads the key with the legacy name from IndexedDB, without the code under test.
async fn key_pair() -> JsValue {
    let read = "return new Promise((found, failed) => {
        const open = indexedDB.open('latchkey', 1);
        open.onupgradeneeded = () => open.result.createObjectStore('keys');
        open.onerror = failed;
        open.onsuccess = () => {
            const get = open.result.transaction('keys').objectStore('keys').get('dpop');
            get.onerror = failed;
            get.onsuccess = () => { open.result.close(); found(get.result); };
        };
    });";
    run(read, &[]).await.expect("read")
}

/// Tokens as an earlier version stored them: bound to the key with the legacy name.
fn bound(generation: u32) -> Tokens {
    Tokens {
        bound: true,
        ..tokens(generation)
    }
}

/// A server that binds sessions, and a browser with a bound session and its key.
async fn bound_session() -> std::rc::Rc<Server> {
    let server = Server::with_expired_tokens();
    server.nonce.replace(Some("n-1"));
    store(&bound(0));
    clear().await;
    create_key().await;
    server
}

async fn clear() {
    Key::remove_others(|| None).await;
}

/// Creates a key and also stores it under the legacy name.
async fn create_key() -> Key {
    let key = Key::create().await.expect("a key");
    key.persist().await;
    key
}

async fn jwk(key: &Key) -> String {
    let proof = key.proof(ProofTarget::default(), 0).await.expect("a proof");
    let header = claims::decode(&proof).expect("a JWT").header;
    header.get("jwk").expect("a key").to_owned()
}

fn claim(proof: &str, name: &str) -> Option<String> {
    let decoded = claims::decode(proof).expect("a JWT");
    decoded.claims.get(name).map(str::to_owned)
}

#[wasm_bindgen_test]
async fn the_key_can_be_loaded_and_cannot_be_exported() {
    clear().await;
    assert!(matches!(Key::load(LEGACY_KEY_NAME).await, Ok(None)));
    let one = create_key().await;
    let pair = key_pair().await;
    let private = Reflect::get(&pair, &"privateKey".into()).expect("a key");
    let extractable = Reflect::get(&private, &"extractable".into()).expect("a flag");
    assert_eq!(extractable, JsValue::FALSE);
    let exported = run("return crypto.subtle.exportKey('jwk', a);", &[&private]).await;
    assert!(exported.is_err());

    for name in [one.name(), LEGACY_KEY_NAME] {
        let other = Key::load(name).await.expect("a response").expect("a key");
        assert_eq!(jwk(&one).await, jwk(&other).await, "{name}");
    }
}

#[wasm_bindgen_test]
async fn every_created_key_is_new() {
    let (one, other) = (create_key().await, create_key().await);
    assert_ne!(one.name(), other.name());
    assert_ne!(jwk(&one).await, jwk(&other).await);
    // Creating a key does not remove others, whose sign-ins may be in progress.
    assert!(matches!(Key::load(one.name()).await, Ok(Some(_))));
}

#[wasm_bindgen_test]
async fn security_57_88_a_planted_key_with_other_parameters_is_not_adopted() {
    let put = "return crypto.subtle.generateKey(a, b, ['sign', 'verify']).then((pair) =>
        new Promise((done, failed) => {
            const open = indexedDB.open('latchkey', 1);
            open.onupgradeneeded = () => open.result.createObjectStore('keys');
            open.onerror = failed;
            open.onsuccess = () => {
                const keys = open.result.transaction('keys', 'readwrite').objectStore('keys');
                const put = keys.put(pair, 'dpop');
                put.onerror = failed;
                put.onsuccess = () => { open.result.close(); done(); };
            };
        }));";
    for (algorithm, extractable, loaded) in [
        ("{\"name\":\"ECDSA\",\"namedCurve\":\"P-256\"}", false, true),
        ("{\"name\":\"ECDSA\",\"namedCurve\":\"P-256\"}", true, false),
        (
            "{\"name\":\"ECDSA\",\"namedCurve\":\"P-384\"}",
            false,
            false,
        ),
    ] {
        clear().await;
        let parameters = js_sys::JSON::parse(algorithm).expect("JSON");
        let planted = run(put, &[&parameters, &extractable.into()]).await;
        assert!(planted.is_ok(), "{planted:?}");
        let found = Key::load(LEGACY_KEY_NAME).await.expect("a response");
        assert_eq!(found.is_some(), loaded, "{algorithm}, {extractable}");
    }
}

#[wasm_bindgen_test]
async fn a_proof_verifies_with_the_key_in_its_header() {
    let key = create_key().await;
    let target = ProofTarget {
        method: Method::Delete,
        path: "/api/sessions?x=1",
        nonce: Some("n-7"),
        access_token: Some("access"),
    };
    let proof = key.proof(target, 1_700_000_000).await.expect("a proof");
    let verify = "const [header, claims, signature] = a.split('.');
        const bytes = (part) => Uint8Array.from(
            atob(part.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
        const { jwk } = JSON.parse(atob(header));
        const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
        return crypto.subtle.importKey('jwk', jwk, algorithm, true, ['verify']).then((key) =>
            crypto.subtle.verify(algorithm, key, bytes(signature),
                new TextEncoder().encode(`${header}.${claims}`)));";
    let succeeded = run(verify, &[&proof.as_str().into()]).await;
    assert_eq!(succeeded.expect("a result"), JsValue::TRUE);
    let (start, end) = proof.split_at(proof.len() - 10);
    let altered = format!("{start}{}", if end.starts_with('A') { "B" } else { "A" }) + &end[1..];
    let bad = run(verify, &[&altered.as_str().into()]).await;
    assert_eq!(bad.expect("a result"), JsValue::FALSE);

    let origin = web_sys::window().expect("a window").location().origin();
    let htu = format!("\"{}/api/sessions\"", origin.expect("an origin"));
    assert_eq!(claim(&proof, "htu"), Some(htu));
    assert_eq!(claim(&proof, "htm").as_deref(), Some("\"DELETE\""));
    assert_eq!(claim(&proof, "nonce").as_deref(), Some("\"n-7\""));
    assert_eq!(claim(&proof, "iat").as_deref(), Some("1700000000"));
    // `printf access | openssl dgst -sha256 -binary | basenc --base64url`, without its padding.
    let ath = claim(&proof, "ath");
    assert_eq!(
        ath.as_deref(),
        Some("\"oFYf1knNtrqnhAVfBRuteW6gr-8X_KOCGVSd7rpOjBo\"")
    );
}

#[wasm_bindgen_test]
async fn a_refresh_without_the_nonce_is_retried_once_with_the_same_idempotency_key() {
    let server = bound_session().await;
    let client = server.client();
    client.refresh();
    wait_until(|| stored() == client.tokens() && stored().is_some_and(|it| it != bound(0))).await;
    assert!(stored().is_some_and(|it| it.bound));
    let keys = server.idempotency_keys();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1], "the server must recognize the retry");
    let proofs = server.proofs();
    assert_ne!(claim(&proofs[0], "jti"), claim(&proofs[1], "jti"));
    client.refresh();
    wait_until(|| stored().is_some_and(|it| it.access_token == "access-3")).await;
    assert_eq!(server.count("/auth/token"), 3, "the nonce was remembered");
}

#[wasm_bindgen_test]
async fn a_nonce_from_the_page_or_from_another_tab_is_used_for_the_first_proof() {
    let server = bound_session().await;
    let client = server.client();
    client.set_nonce("n-1".to_owned());
    client.refresh();
    wait_until(|| stored().is_some_and(|it| it.access_token != bound(0).access_token)).await;
    assert_eq!(server.count("/auth/token"), 1);
    assert_eq!(stored().and_then(|it| it.nonce).as_deref(), Some("n-1"));

    // Another tab refreshes later, when the server has another nonce.
    server.nonce.replace(Some("n-2"));
    store(&Tokens {
        nonce: Some("n-2".to_owned()),
        ..bound(5)
    });
    run(
        "dispatchEvent(new Event('storage')); return Promise.resolve();",
        &[],
    )
    .await
    .expect("an event");
    client.refresh();
    wait_until(|| stored().is_some_and(|it| it.access_token != bound(5).access_token)).await;
    let nonces: Vec<_> = server
        .proofs()
        .iter()
        .map(|it| claim(it, "nonce"))
        .collect();
    let expected = ["\"n-1\"", "\"n-2\""].map(|it| Some(it.to_owned()));
    assert_eq!(nonces, expected);
}

#[wasm_bindgen_test]
async fn a_refresh_whose_nonce_is_rejected_again_is_not_retried_immediately() {
    let server = bound_session().await;
    server.rejects_every_nonce.set(true);
    let client = server.client();
    let received = notices(&client);
    client.refresh();
    wait_until(|| {
        received
            .borrow()
            .contains(&Notice::Outage(Some(TransientError::ServerError)))
    })
    .await;
    assert_eq!(server.count("/auth/token"), 2);
    assert_eq!(stored(), Some(bound(0)), "the tokens are kept");
}

#[wasm_bindgen_test]
async fn a_token_that_was_replaced_during_signing_is_not_sent() {
    let server = bound_session().await;
    let client = server.client();
    client.observe(|notice| {
        if let Notice::Refresh {
            progress: Progress::Started,
            ..
        } = notice
        {
            // A tab that has stolen the lock stores its tokens.
            store(&bound(7));
        }
    });
    let received = notices(&client);
    client.refresh();
    wait_until(|| {
        received.borrow().iter().any(|notice| {
            matches!(
                notice,
                Notice::Refresh {
                    progress: Progress::Adopted,
                    ..
                }
            )
        })
    })
    .await;
    assert_eq!(server.count("/auth/token"), 0);
    assert_eq!(stored(), Some(bound(7)));
}

#[wasm_bindgen_test]
async fn a_missing_key_ends_the_session_in_this_browser() {
    let server = bound_session().await;
    clear().await;
    let client = server.client();
    let received = notices(&client);
    client.refresh();
    wait_for_state(&client, SessionState::SignedOut).await;
    assert_eq!(
        server.count("/auth/token"),
        0,
        "no token is sent without its key"
    );
    let received = received.borrow();
    assert!(
        received.contains(&Notice::Ended(EndReason::KeyLost)),
        "{received:?}"
    );
    assert_eq!(LocalStorage::length(), 0);
}

#[wasm_bindgen_test]
async fn a_key_mismatch_ends_the_session_in_this_browser() {
    let server = bound_session().await;
    let refusal = r#"{"error":"invalid_dpop_proof","code":"key_mismatch"}"#;
    server.nonce.replace(None);
    *server.refuse.borrow_mut() = Some((400, refusal));
    let client = server.client();
    let received = notices(&client);
    client.refresh();
    wait_for_state(&client, SessionState::SignedOut).await;
    assert!(
        received
            .borrow()
            .contains(&Notice::Ended(EndReason::KeyLost))
    );
    assert_eq!(stored(), None);
}

#[wasm_bindgen_test]
async fn signing_out_removes_the_key_even_if_the_server_is_down() {
    for down in [false, true] {
        let server = bound_session().await;
        server.down.set(down);
        let client = server.client();
        client.sign_out().await;
        assert_eq!(LocalStorage::length(), 0);
        let mut left = true;
        for _ in 0..100 {
            left = !key_pair().await.is_undefined();
            if !left {
                break;
            }
        }
        assert!(!left, "the key is still in IndexedDB, server down: {down}");
        server.down.set(false);
    }
}

#[wasm_bindgen_test]
async fn the_key_of_the_stored_tokens_is_not_removed() {
    let (one, other) = (create_key().await, create_key().await);
    Key::remove_others(|| Some(one.name().to_owned())).await;
    assert!(matches!(Key::load(one.name()).await, Ok(Some(_))));
    assert!(matches!(Key::load(other.name()).await, Ok(None)));
    assert!(!key_pair().await.is_undefined());
    clear().await;
    assert!(matches!(Key::load(one.name()).await, Ok(None)));
    assert!(key_pair().await.is_undefined());
}

#[wasm_bindgen_test]
async fn every_request_with_a_bound_access_token_has_its_own_proof() {
    let server = bound_session().await;
    // {"alg":"none"}.{"cnf":{"jkt":"x"}}
    let access_token = "eyJhbGciOiJub25lIn0.eyJjbmYiOnsiamt0IjoieCJ9fQ.x".to_owned();
    store(&Tokens {
        access_token: access_token.clone(),
        ..bound(0)
    });
    let client = server.client();
    for _ in 0..2 {
        let response = client.call(Call::get("/api/protected")).await;
        assert!(
            matches!(&response, Ok(it) if it.status == 200),
            "{response:?}"
        );
    }
    let log = server.log.borrow();
    let calls = log.iter().filter(|it| it.path == "/api/protected");
    let authorization = ("Authorization", format!("DPoP {access_token}"));
    let mut jti = Vec::new();
    for call in calls {
        assert!(call.headers.contains(&authorization));
        let (_, proof) = call
            .headers
            .iter()
            .find(|it| it.0 == "DPoP")
            .expect("a proof");
        assert!(claim(proof, "ath").is_some());
        assert_eq!(claim(proof, "htm").as_deref(), Some("\"GET\""));
        jti.push(claim(proof, "jti"));
    }
    assert_eq!(jti.len(), 2);
    assert_ne!(jti[0], jti[1]);
}
