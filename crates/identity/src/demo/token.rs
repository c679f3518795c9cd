//! The token endpoint and the userinfo endpoint.

use core::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::Timestamp;
use serde_json::{Value, json};

use super::accounts::Person;
use super::error::DemoError;
use super::grant::Grant;
use super::parameters::one;
use super::{CLIENT_ID, DemoProvider, secret};

/// How long ID tokens and access tokens are good for.
const TOKEN_LIFE: Duration = Duration::from_mins(5);

impl DemoProvider {
    /// Exchanges a code (RFC 6749 §4.1.3). `basic` is what stood in an `Authorization: Basic`
    /// header, decoded from base64: user name and password.
    pub fn exchange(
        &self,
        form: &[(String, String)],
        basic: Option<(&str, &str)>,
        now: Timestamp,
    ) -> Result<Value, DemoError> {
        let needed = |name| one(form, name)?.ok_or(DemoError::Parameter(name));
        self.authenticate(form, basic)?;
        if needed("grant_type")? != "authorization_code" {
            return Err(DemoError::GrantType);
        }
        let verifier = needed("code_verifier")?;
        let redirect_uri = needed("redirect_uri")?;
        // From here on the code is gone, whatever comes of it.
        let taken = self.shelves().codes.take(needed("code")?, now);
        let grant = taken.ok_or(DemoError::Grant)?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        if grant.redirect_uri != redirect_uri || grant.challenge != challenge {
            return Err(DemoError::Grant);
        }
        let access_token = secret(&*self.rng);
        let answer = json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFE.as_secs(),
            "scope": grant.scope,
            "id_token": self.id_token(&grant, &access_token, now),
        });
        self.shelves()
            .access_tokens
            .put(access_token, grant.person, TOKEN_LIFE, now);
        Ok(answer)
    }

    /// What is known about the person an access token was given for (Core §5.3).
    pub fn userinfo(&self, access_token: &str, now: Timestamp) -> Result<Value, DemoError> {
        let shelves = self.shelves();
        let person = shelves.access_tokens.get(access_token, now);
        person.map(Person::claims).ok_or(DemoError::AccessToken)
    }

    /// Either way of RFC 6749 §2.3.1, and not both.
    fn authenticate(
        &self,
        form: &[(String, String)],
        basic: Option<(&str, &str)>,
    ) -> Result<(), DemoError> {
        let posted = (one(form, "client_id")?, one(form, "client_secret")?);
        let (id, secret) = match (basic, posted) {
            // Beside the header, the identifier may be repeated, the secret may not.
            (Some(basic), (None, None)) => basic,
            (Some(basic), (Some(id), None)) if id == basic.0 => basic,
            (None, (Some(id), Some(secret))) => (id, secret),
            _ => return Err(DemoError::Client),
        };
        let same = verify_slices_are_equal(secret.as_bytes(), self.client_secret.as_bytes());
        if id == CLIENT_ID && same.is_ok() {
            Ok(())
        } else {
            Err(DemoError::Client)
        }
    }

    fn id_token(&self, grant: &Grant, access_token: &str, now: Timestamp) -> String {
        let mut claims = grant.person.claims();
        let hash = digest(&SHA256, access_token.as_bytes());
        // The left half of the hash (Core §3.1.3.6).
        claims["at_hash"] = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]).into();
        claims["iss"] = self.issuer.as_str().into();
        claims["aud"] = CLIENT_ID.into();
        claims["nonce"] = grant.nonce.as_str().into();
        claims["iat"] = now.as_secs().into();
        claims["exp"] = now.plus(TOKEN_LIFE).as_secs().into();
        claims["auth_time"] = grant.at.as_secs().into();
        self.key.sign(&claims)
    }
}
