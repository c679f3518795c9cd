//! The access token of a request: as a bearer token (RFC 6750), or with a proof of the key that it
//! is bound to (RFC 9449 §7).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use latchkey_tokens::access::Confirmation;
use latchkey_tokens::dpop::{ProofError, Request};

use super::proof;
use crate::auth::access::Verified;
use crate::auth::proof::HolderError;
use crate::http::error::ApiError;
use crate::state::AppState;

/// The claims of the access token in the `Authorization` header, the only place where one is
/// looked for (RFC 6750 §2.2 and §2.3 are not supported: bodies and URLs end up in logs).
#[derive(Clone, Debug)]
pub struct Authenticated(pub Arc<Verified>);

impl FromRequestParts<AppState> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let (scheme, token) = token(&parts.headers)?;
        if parts.uri.query().is_some_and(|query| {
            query
                .split('&')
                .any(|pair| pair.split('=').next() == Some("access_token"))
        }) {
            return Err(ApiError::InvalidRequest(
                "an access token belongs in the Authorization header, and only there".to_owned(),
            ));
        }
        let now = state.clock.now();
        state.freshness.check(now)?;
        let claims = state
            .authenticator
            .authenticate(token, &state.keys, &state.denylist, now)
            .map_err(|error| match scheme {
                Scheme::Bearer => ApiError::Access(error),
                Scheme::Dpop => ApiError::Holder(error.into()),
            })?;
        // What counts is what the token says, whatever is configured by now.
        match (scheme, claims.cnf) {
            (Scheme::Bearer, None) => {}
            (Scheme::Bearer, Some(_)) => return Err(HolderError::KeyMismatch.into()),
            (Scheme::Dpop, None) => return Err(HolderError::NotBound.into()),
            (Scheme::Dpop, Some(Confirmation { jkt })) => {
                let proof = proof::header(&parts.headers).map_err(HolderError::Proof)?;
                let proof = proof.ok_or(HolderError::Proof(PROOF_MISSING))?;
                let request = Request {
                    method: parts.method.as_str(),
                    uri: &proof::uri(parts, state),
                    // Verified, so it is text.
                    access_token: str::from_utf8(token).ok(),
                };
                state.proofs.holder(proof, &request, jkt, now)?;
            }
        }
        Ok(Self(claims))
    }
}

const PROOF_MISSING: ProofError = ProofError::Invalid("there is none; send it as DPoP: <proof>");

/// How a token was sent.
#[derive(Clone, Copy)]
enum Scheme {
    Bearer,
    Dpop,
}

impl Scheme {
    fn named(name: &[u8]) -> Option<Self> {
        if name.eq_ignore_ascii_case(b"bearer") {
            Some(Self::Bearer)
        } else if name.eq_ignore_ascii_case(b"dpop") {
            Some(Self::Dpop)
        } else {
            None
        }
    }
}

fn token(headers: &HeaderMap) -> Result<(Scheme, &[u8]), ApiError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(ApiError::TokenMissing)?.as_bytes();
    if values.next().is_some() {
        return Err(ApiError::InvalidRequest(
            "there are two Authorization headers; send one".to_owned(),
        ));
    }
    let malformed =
        || ApiError::InvalidRequest("write Authorization: Bearer <access token>".to_owned());
    let end = value.iter().position(|byte| *byte == b' ');
    let (scheme, rest) = value.split_at(end.unwrap_or(value.len()));
    // Another scheme is no access token (RFC 9110 §11.4).
    let scheme = Scheme::named(scheme).ok_or(ApiError::TokenMissing)?;
    let token = rest.trim_ascii_start();
    if token.is_empty() || memchr::memchr2(b' ', b',', token).is_some() {
        return Err(malformed());
    }
    Ok((scheme, token))
}
