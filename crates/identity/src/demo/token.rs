//! The token endpoint and the userinfo endpoint of the demo provider.

use core::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_core::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::accounts::DemoUser;
use super::error::DemoError;
use super::grant::Grant;
use super::parameters::single;
use super::{CLIENT_ID, DemoProvider, secret};

/// How long ID tokens and access tokens are valid.
const TOKEN_LIFETIME: Duration = Duration::from_mins(5);

impl DemoProvider {
    /// Exchanges a code for tokens (RFC 6749 §4.1.3). `basic` is the user name and password of the
    /// `Authorization: Basic` header, decoded from base64.
    pub fn exchange(
        &self,
        form: &[(String, String)],
        basic: Option<(&str, &str)>,
        now: Timestamp,
    ) -> Result<Value, DemoError> {
        let required = |name| single(form, name)?.ok_or(DemoError::Parameter(name));
        self.authenticate(form, basic)?;
        if required("grant_type")? != "authorization_code" {
            return Err(DemoError::GrantType);
        }
        let verifier = required("code_verifier")?;
        let redirect_uri = required("redirect_uri")?;
        // The code is consumed even if the exchange fails.
        let grant = self.issued().codes.remove(required("code")?, now);
        let grant = grant.ok_or(DemoError::Grant)?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        if grant.redirect_uri != redirect_uri || grant.challenge != challenge {
            return Err(DemoError::Grant);
        }
        let access_token = secret(&*self.rng);
        let response = json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME.as_secs(),
            "scope": grant.scope,
            "id_token": self.id_token(&grant, &access_token, now),
        });
        self.issued()
            .access_tokens
            .insert(access_token, grant.user, TOKEN_LIFETIME, now);
        Ok(response)
    }

    /// The claims of the user that the access token was issued for (Core §5.3).
    pub fn userinfo(&self, access_token: &str, now: Timestamp) -> Result<Value, DemoError> {
        let issued = self.issued();
        let user = issued.access_tokens.get(access_token, now);
        user.map(DemoUser::claims).ok_or(DemoError::AccessToken)
    }

    /// Accepts either method of RFC 6749 §2.3.1, but not both at once.
    fn authenticate(
        &self,
        form: &[(String, String)],
        basic: Option<(&str, &str)>,
    ) -> Result<(), DemoError> {
        let posted = (single(form, "client_id")?, single(form, "client_secret")?);
        let (id, secret) = match (basic, posted) {
            // With the header, the form may repeat the identifier but not the secret.
            (Some(basic), (None, None)) => basic,
            (Some(basic), (Some(id), None)) if id == basic.0 => basic,
            (None, (Some(id), Some(secret))) => (id, secret),
            _ => return Err(DemoError::Client),
        };
        let same = verify_slices_are_equal(
            secret.as_bytes(),
            self.client_secret.expose_secret().as_bytes(),
        );
        if id == CLIENT_ID && same.is_ok() {
            Ok(())
        } else {
            Err(DemoError::Client)
        }
    }

    fn id_token(&self, grant: &Grant, access_token: &str, now: Timestamp) -> String {
        let mut claims = grant.user.claims();
        let hash = digest(&SHA256, access_token.as_bytes());
        // The left half of the hash (Core §3.1.3.6).
        claims["at_hash"] = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]).into();
        claims["iss"] = self.issuer.as_str().into();
        claims["aud"] = CLIENT_ID.into();
        claims["nonce"] = grant.nonce.as_str().into();
        claims["iat"] = now.as_secs().into();
        claims["exp"] = now.plus(TOKEN_LIFETIME).as_secs().into();
        claims["auth_time"] = grant.at.as_secs().into();
        self.key.sign(&claims)
    }
}
