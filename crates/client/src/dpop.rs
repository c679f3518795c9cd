//! Demonstrating proof of possession (RFC 9449): a key that never leaves this browser, and proofs
//! signed with it. A refresh token bound to the key cannot be used in another browser.
//!
//! The key is non-extractable: scripts in this page can use it while the page is open, but cannot
//! export it. It is stored in IndexedDB, the only browser storage that accepts such a key.
//!
//! If WebCrypto or IndexedDB is missing or fails at sign-in, there is no key and no proof. The
//! session is then not bound, and everything else works, unless the server requires proofs: then it
//! refuses the sign-in. A session that is already bound cannot be refreshed without its key.
//!
//! ```
//! use latchkey_client::Method;
//! use latchkey_client::dpop::{Key, ProofTarget};
//!
//! /// The value of the header `DPoP` for a refresh, issued at `now` in seconds since 1970.
//! async fn proof(now: u64) -> Option<String> {
//!     let key = Key::create().await?;
//!     let target = ProofTarget {
//!         method: Method::Post,
//!         path: "/auth/token",
//!         ..ProofTarget::default()
//!     };
//!     key.proof(target, now).await
//! }
//! ```

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

pub use key_store::LEGACY_KEY_NAME;
pub use proof::ProofTarget;

/// IndexedDB failed or did not respond in time. The key may still be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("IndexedDB failed or did not respond; try again later")]
pub struct KeyStoreUnavailable;

/// A P-256 key pair with a non-extractable private key.
#[derive(Clone)]
pub struct Key {
    /// The name by which the stored tokens refer to the key.
    name: String,
    /// The `CryptoKeyPair`, as stored in IndexedDB.
    pair: JsValue,
    private: CryptoKey,
    public: CryptoKey,
}

/// Does not show the key.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// Loads the key with this name. `None` if there is none, or if the stored value is not a
    /// suitable key.
    pub async fn load(name: &str) -> Result<Option<Self>, KeyStoreUnavailable> {
        let pair = key_store::read(name)
            .await
            .map_err(|_| KeyStoreUnavailable)?;
        Ok(pair.and_then(|pair| Self::from_pair(name.to_owned(), pair)))
    }

    /// Generates and stores a new key with a unique name, for one sign-in. `None` if it cannot be
    /// stored. Existing keys are never adopted: a malicious script, or another person with access
    /// to this browser, could have planted one.
    pub async fn create() -> Option<Self> {
        let key = Self::from_pair(browser::random_id(), generate().await.ok()?)?;
        key_store::put(&[&key.name], &key.pair).await.ok()?;
        Some(key)
    }

    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Stores the key again, in case a sign-out in another tab has removed it. Also stores it under
    /// the name that tabs of an earlier version use.
    pub async fn persist(&self) {
        let _ = key_store::put(&[&self.name, LEGACY_KEY_NAME], &self.pair).await;
    }

    /// Removes every key of this browser except the one that `needed` names and its copy under
    /// [`LEGACY_KEY_NAME`]. `needed` is called inside the transaction, while other tabs cannot
    /// store keys.
    pub async fn remove_others(needed: impl Fn() -> Option<String>) {
        let _ = key_store::remove_others(needed).await;
    }

    /// Creates a proof for one request (RFC 9449 §4.2), issued at `now` in seconds since 1970.
    /// `None` if the browser fails to sign.
    pub async fn proof(&self, target: ProofTarget<'_>, now: u64) -> Option<String> {
        self.sign(target, now).await.ok()
    }

    /// Accepts a key pair only if it has the parameters that [`generate`] uses. Any other value in
    /// IndexedDB does not come from this client.
    fn from_pair(name: String, pair: JsValue) -> Option<Self> {
        let key = |name: &str| {
            let key = Reflect::get(&pair, &name.into()).ok()?;
            key.dyn_into::<CryptoKey>().ok()
        };
        let (private, public) = (key("privateKey")?, key("publicKey")?);
        let is_valid = private.type_() == "private"
            && !private.extractable()
            && public.type_() == "public"
            && is_p256(&private)
            && is_p256(&public);
        is_valid.then_some(Self {
            name,
            pair,
            private,
            public,
        })
    }

    async fn sign(&self, target: ProofTarget<'_>, now: u64) -> Result<String, JsValue> {
        let subtle = subtle()?;
        let jwk = JsFuture::from(subtle.export_key("jwk", &self.public)?).await?;
        let coordinate = |name: &str| {
            Reflect::get(&jwk, &name.into())?
                .as_string()
                .ok_or(JsValue::NULL)
        };
        let (x, y) = (coordinate("x")?, coordinate("y")?);
        let ath = match target.access_token {
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
            jti: &browser::random_id(),
            origin: &origin,
            iat: now,
            ath: ath.as_deref(),
            target,
        });
        let algorithm = object(&[("name", "ECDSA"), ("hash", "SHA-256")])?;
        let input = Uint8Array::from(proof.as_bytes());
        let signature =
            subtle.sign_with_object_and_js_u8_array(&algorithm, &self.private, &input)?;
        // WebCrypto returns r and s concatenated, the format of JWS (RFC 7518 §3.4).
        let signature: ArrayBuffer = JsFuture::from(signature).await?.dyn_into()?;
        proof.push('.');
        proof.push_str(&base64url(&signature));
        Ok(proof)
    }
}

/// Whether the key is for ECDSA over P-256 (ES256).
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

/// `crypto.subtle`, which is missing in insecure contexts (plain HTTP from another machine).
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
