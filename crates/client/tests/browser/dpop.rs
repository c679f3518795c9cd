//! The key of this browser and what is signed with it, in a real IndexedDB and by real WebCrypto.

use gloo_storage::{LocalStorage, Storage as _};
use js_sys::{Array, Function, Promise, Reflect};
use latchkey_client::dpop::{Key, Subject};
use latchkey_client::{
    Call, EndReason, Method, Notice, Progress, SessionState, Tokens, Trouble, claims,
};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::server::{Server, notices, reaches, store, stored, tokens, until};

/// Runs the body of a function that gives a promise.
async fn run(body: &str, arguments: &[&JsValue]) -> Result<JsValue, JsValue> {
    let function = Function::new_with_args("a, b", body);
    let arguments: Array = arguments.iter().copied().collect();
    let promise: Promise = function.apply(&JsValue::NULL, &arguments)?.unchecked_into();
    JsFuture::from(promise).await
}

/// What IndexedDB holds, past the code that is tested.
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

fn bound(generation: u32) -> Tokens {
    Tokens {
        bound: true,
        ..tokens(generation)
    }
}

/// A server that binds, a browser with a bound session, and its key.
async fn bound_session() -> std::rc::Rc<Server> {
    let server = Server::with_expired_tokens();
    server.nonce.replace(Some("n-1"));
    store(&bound(0));
    Key::remove(|| false).await;
    assert!(Key::found_or_made().await.is_some());
    server
}

fn claim(proof: &str, name: &str) -> Option<String> {
    let decoded = claims::decode(proof).expect("a JWT");
    decoded.claims.get(name).map(str::to_owned)
}

#[wasm_bindgen_test]
async fn the_key_is_found_again_and_cannot_be_taken_out() {
    Key::remove(|| false).await;
    assert!(matches!(Key::found().await, Ok(None)));
    assert!(Key::found_or_made().await.is_some());
    let pair = key_pair().await;
    let private = Reflect::get(&pair, &"privateKey".into()).expect("a key");
    let extractable = Reflect::get(&private, &"extractable".into()).expect("a flag");
    assert_eq!(extractable, JsValue::FALSE);
    let taken = run("return crypto.subtle.exportKey('jwk', a);", &[&private]).await;
    assert!(taken.is_err());

    let one = Key::found_or_made().await.expect("a key");
    let other = Key::found().await.expect("an answer").expect("a key");
    let now = 1_700_000_000;
    let mut jwk = Vec::new();
    for key in [one, other] {
        let proof = key.proof(Subject::default(), now).await.expect("a proof");
        let header = claims::decode(&proof).expect("a JWT").header;
        jwk.push(header.get("jwk").expect("a key").to_owned());
    }
    assert_eq!(jwk[0], jwk[1], "both times the same key");
}

#[wasm_bindgen_test]
async fn keys_made_at_once_are_one_key() {
    Key::remove(|| false).await;
    let made = std::rc::Rc::<std::cell::RefCell<Vec<String>>>::default();
    for _ in 0..3 {
        let made = std::rc::Rc::clone(&made);
        wasm_bindgen_futures::spawn_local(async move {
            let key = Key::found_or_made().await.expect("a key");
            let proof = key.proof(Subject::default(), 0).await.expect("a proof");
            let header = claims::decode(&proof).expect("a JWT").header;
            made.borrow_mut()
                .push(header.get("jwk").expect("a key").to_owned());
        });
    }
    until(|| made.borrow().len() == 3).await;
    made.borrow_mut().dedup();
    assert_eq!(made.borrow().len(), 1);
}

#[wasm_bindgen_test]
async fn a_proof_verifies_by_the_key_in_its_header() {
    let key = Key::found_or_made().await.expect("a key");
    let subject = Subject {
        method: Method::Delete,
        path: "/api/sessions?x=1",
        nonce: Some("n-7"),
        access_token: Some("access"),
    };
    let proof = key.proof(subject, 1_700_000_000).await.expect("a proof");
    let verify = "const [header, claims, signature] = a.split('.');
        const bytes = (part) => Uint8Array.from(
            atob(part.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
        const { jwk } = JSON.parse(atob(header));
        const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
        return crypto.subtle.importKey('jwk', jwk, algorithm, true, ['verify']).then((key) =>
            crypto.subtle.verify(algorithm, key, bytes(signature),
                new TextEncoder().encode(`${header}.${claims}`)));";
    let good = run(verify, &[&proof.as_str().into()]).await;
    assert_eq!(good.expect("an opinion"), JsValue::TRUE);
    let (start, end) = proof.split_at(proof.len() - 10);
    let altered = format!("{start}{}", if end.starts_with('A') { "B" } else { "A" }) + &end[1..];
    let bad = run(verify, &[&altered.as_str().into()]).await;
    assert_eq!(bad.expect("an opinion"), JsValue::FALSE);

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
async fn the_nonce_is_answered_once_with_the_same_key_and_remembered() {
    let server = bound_session().await;
    let client = server.client();
    client.refresh();
    until(|| stored() == client.tokens() && stored().is_some_and(|it| it != bound(0))).await;
    assert!(stored().is_some_and(|it| it.bound));
    let keys = server.keys();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1], "the server must know it for a repetition");
    let proofs = server.proofs();
    assert_ne!(claim(&proofs[0], "jti"), claim(&proofs[1], "jti"));
    client.refresh();
    until(|| stored().is_some_and(|it| it.access_token == "access-3")).await;
    assert_eq!(server.count("/auth/token"), 3, "the nonce is known now");
}

#[wasm_bindgen_test]
async fn a_nonce_that_is_never_right_is_tried_once_more_and_then_later() {
    let server = bound_session().await;
    server.fickle.set(true);
    let client = server.client();
    let told = notices(&client);
    client.refresh();
    until(|| {
        told.borrow()
            .contains(&Notice::Trouble(Some(Trouble::Unwell)))
    })
    .await;
    assert_eq!(server.count("/auth/token"), 2);
    assert_eq!(stored(), Some(bound(0)), "nothing is lost by it");
}

#[wasm_bindgen_test]
async fn a_token_that_changed_hands_while_it_was_signed_for_is_not_sent() {
    let server = bound_session().await;
    let client = server.client();
    client.observe(|notice| {
        if let Notice::Refresh {
            progress: Progress::Begun,
            ..
        } = notice
        {
            // What a tab does that has taken the lock from this one.
            store(&bound(7));
        }
    });
    let told = notices(&client);
    client.refresh();
    until(|| {
        told.borrow().iter().any(|notice| {
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
async fn a_key_that_is_gone_ends_the_session_here_and_says_so() {
    let server = bound_session().await;
    Key::remove(|| false).await;
    let client = server.client();
    let told = notices(&client);
    client.refresh();
    reaches(&client, SessionState::SignedOut).await;
    assert_eq!(
        server.count("/auth/token"),
        0,
        "no token goes out without its key"
    );
    assert!(told.borrow().contains(&Notice::Ended(EndReason::KeyLost)));
    assert_eq!(LocalStorage::length(), 0);
}

#[wasm_bindgen_test]
async fn a_key_that_is_another_one_ends_the_session_here_and_says_so() {
    let server = bound_session().await;
    let refusal = r#"{"error":"invalid_dpop_proof","code":"key_mismatch"}"#;
    server.nonce.replace(None);
    *server.refuse.borrow_mut() = Some((400, refusal));
    let client = server.client();
    let told = notices(&client);
    client.refresh();
    reaches(&client, SessionState::SignedOut).await;
    assert!(told.borrow().contains(&Notice::Ended(EndReason::KeyLost)));
    assert_eq!(stored(), None);
}

#[wasm_bindgen_test]
async fn signing_out_removes_the_key_also_when_the_server_is_down() {
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
        assert!(!left, "67: IndexedDB is empty, server down: {down}");
        server.down.set(false);
    }
}

#[wasm_bindgen_test]
async fn a_key_that_is_needed_again_is_not_removed() {
    assert!(Key::found_or_made().await.is_some());
    Key::remove(|| true).await;
    assert!(!key_pair().await.is_undefined());
    Key::remove(|| false).await;
    assert!(key_pair().await.is_undefined());
}

#[wasm_bindgen_test]
async fn a_bound_access_token_goes_with_a_proof_of_its_own() {
    let server = bound_session().await;
    // {"alg":"none"}.{"cnf":{"jkt":"x"}}
    let access_token = "eyJhbGciOiJub25lIn0.eyJjbmYiOnsiamt0IjoieCJ9fQ.x".to_owned();
    store(&Tokens {
        access_token: access_token.clone(),
        ..bound(0)
    });
    let client = server.client();
    for _ in 0..2 {
        let answer = client.call(Call::get("/api/protected")).await;
        assert!(matches!(&answer, Ok(it) if it.status == 200), "{answer:?}");
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
