//! Demonstrating proof of possession (RFC 9449): a key that never leaves this browser, and
//! proofs signed with it. A refresh token bound to it is worth nothing in another browser.
//!
//! The key is non-extractable: script in this page can use it while the page is open, and cannot
//! carry it away. It lies in IndexedDB, the one storage that takes such a key.
//!
//! Where WebCrypto or IndexedDB are missing or refuse, there is no key and no proof: the session
//! is a plain one, and all else works.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use js_sys::{Array, ArrayBuffer, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto};

use crate::browser;

mod key_store;
mod proof;

pub use key_store::UNNAMED;
pub use proof::Subject;

/// IndexedDB is there, but does not answer; a moment later it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("IndexedDB does not answer: try again later")]
pub struct Unanswered;

/// A P-256 key pair, its private half not extractable.
#[derive(Clone)]
pub struct Key {
    /// What its tokens know it by.
    name: String,
    /// The `CryptoKeyPair`, as IndexedDB keeps it.
    pair: JsValue,
    private: CryptoKey,
    public: CryptoKey,
}

/// Nothing of the key is shown.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// The key of this name; `None` if this browser does not have it, or has something else there.
    pub async fn load(name: &str) -> Result<Option<Self>, Unanswered> {
        let pair = key_store::read(name).await.map_err(|_| Unanswered)?;
        Ok(pair.and_then(|pair| Self::from_pair(name.to_owned(), pair)))
    }

    /// A fresh key with a name of its own, for one sign-in; `None` where none can be kept. A key
    /// that was there before may be known to others: a script that once ran here, or a person who
    /// had this browser in hand, can have put it there.
    pub async fn create() -> Option<Self> {
        let key = Self::from_pair(browser::random_key(), generate().await.ok()?)?;
        key_store::put(&[&key.name], &key.pair).await.ok()?;
        Some(key)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Puts the key back, in case that a sign-out in another tab has removed it in the meantime;
    /// also in the place where tabs of an earlier version look.
    pub async fn persist(&self) {
        let _ = key_store::put(&[&self.name, UNNAMED], &self.pair).await;
    }

    /// Removes every key of this browser but the one that is `needed`. That is asked when nobody
    /// can put a key there any more before the others are removed.
    pub async fn remove_others(needed: impl Fn() -> Option<String>) {
        let _ = key_store::remove_others(needed).await;
    }

    /// A proof of this key for one request (RFC 9449 §4.2), issued at `now` in seconds since
    /// 1970; `None` if the browser will not sign.
    pub async fn proof(&self, subject: Subject<'_>, now: u64) -> Option<String> {
        self.sign(subject, now).await.ok()
    }

    /// Takes a pair for a key only if it is of the kind that [`generate`] makes: whatever else lies
    /// in IndexedDB was put there by somebody else.
    fn from_pair(name: String, pair: JsValue) -> Option<Self> {
        let half = |name: &str| {
            let half = Reflect::get(&pair, &name.into()).ok()?;
            half.dyn_into::<CryptoKey>().ok()
        };
        let (private, public) = (half("privateKey")?, half("publicKey")?);
        let sound = private.type_() == "private"
            && !private.extractable()
            && public.type_() == "public"
            && is_p256(&private)
            && is_p256(&public);
        sound.then_some(Self {
            name,
            pair,
            private,
            public,
        })
    }

    async fn sign(&self, subject: Subject<'_>, now: u64) -> Result<String, JsValue> {
        let subtle = subtle()?;
        let jwk = JsFuture::from(subtle.export_key("jwk", &self.public)?).await?;
        let coordinate = |name: &str| {
            Reflect::get(&jwk, &name.into())?
                .as_string()
                .ok_or(JsValue::NULL)
        };
        let (x, y) = (coordinate("x")?, coordinate("y")?);
        let ath = match subject.access_token {
            Some(token) => Some(sha256(&subtle, token).await?),
            None => None,
        };
        let origin = browser::window()
            .ok_or(JsValue::NULL)?
            .location()
            .origin()?;
        let mut proof = proof::signing_input(&proof::Parts {
            x: &x,
            y: &y,
            jti: &browser::random_key(),
            origin: &origin,
            iat: now,
            ath: ath.as_deref(),
            subject,
        });
        let algorithm = object(&[("name", "ECDSA"), ("hash", "SHA-256")])?;
        let input = Uint8Array::from(proof.as_bytes());
        let signature =
            subtle.sign_with_object_and_js_u8_array(&algorithm, &self.private, &input)?;
        // Both halves, r and s, as JWS wants them (RFC 7518 §3.4).
        let signature: ArrayBuffer = JsFuture::from(signature).await?.dyn_into()?;
        proof.push('.');
        proof.push_str(&base64url(&signature));
        Ok(proof)
    }
}

/// Whether it is a key of ECDSA over P-256, whose algorithm is ES256.
fn is_p256(key: &CryptoKey) -> bool {
    let member = |name: &str| {
        let algorithm = key.algorithm().ok()?;
        Reflect::get(&algorithm, &name.into()).ok()?.as_string()
    };
    member("name").as_deref() == Some("ECDSA") && member("namedCurve").as_deref() == Some("P-256")
}

async fn generate() -> Result<JsValue, JsValue> {
    let algorithm = object(&[("name", "ECDSA"), ("namedCurve", "P-256")])?;
    let usages = Array::of2(&"sign".into(), &"verify".into());
    let extractable = false;
    JsFuture::from(subtle()?.generate_key_with_object(&algorithm, extractable, &usages)?).await
}

async fn sha256(subtle: &SubtleCrypto, text: &str) -> Result<String, JsValue> {
    let bytes = Uint8Array::from(text.as_bytes());
    let digest: Promise = subtle.digest_with_str_and_js_u8_array("SHA-256", &bytes)?;
    Ok(base64url(&JsFuture::from(digest).await?.dyn_into()?))
}

/// Absent outside of secure contexts: plain http from another machine.
fn subtle() -> Result<SubtleCrypto, JsValue> {
    let crypto = browser::window().ok_or(JsValue::NULL)?.crypto()?;
    Reflect::get(&crypto, &"subtle".into())?.dyn_into()
}

fn object(members: &[(&str, &str)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &(*name).into(), &(*value).into())?;
    }
    Ok(object)
}

fn base64url(bytes: &ArrayBuffer) -> String {
    URL_SAFE_NO_PAD.encode(Uint8Array::new(bytes).to_vec())
}
