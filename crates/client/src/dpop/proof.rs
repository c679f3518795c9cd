//! The header and claims of a proof (RFC 9449 §4.2), without the signature. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::transport::Method;

/// The request that a DPoP proof is created for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProofTarget<'a> {
    /// The HTTP method (`htm`).
    pub method: Method,
    /// The path (`htu`). A query or fragment is ignored.
    pub path: &'a str,
    /// The server's latest nonce, if it sent one.
    pub nonce: Option<&'a str>,
    /// The access token sent with the request, if any (`ath`).
    pub access_token: Option<&'a str>,
}

/// The input of a proof.
pub(super) struct Parts<'a> {
    pub(super) x: &'a str,
    pub(super) y: &'a str,
    pub(super) jti: &'a str,
    pub(super) origin: &'a str,
    pub(super) iat: u64,
    pub(super) ath: Option<&'a str>,
    pub(super) target: ProofTarget<'a>,
}

#[derive(Serialize)]
struct Header<'a> {
    typ: &'a str,
    alg: &'a str,
    jwk: Jwk<'a>,
}

#[derive(Serialize)]
struct Jwk<'a> {
    kty: &'a str,
    crv: &'a str,
    x: &'a str,
    y: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    jti: &'a str,
    htm: &'a str,
    htu: &'a str,
    iat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<&'a str>,
}

/// The JWS signing input: header and claims (RFC 7515 §5.1).
pub(super) fn signing_input(parts: &Parts<'_>) -> String {
    let path = parts.target.path.split(['?', '#']).next();
    let header = Header {
        typ: "dpop+jwt",
        alg: "ES256",
        jwk: Jwk {
            kty: "EC",
            crv: "P-256",
            x: parts.x,
            y: parts.y,
        },
    };
    let claims = Claims {
        jti: parts.jti,
        htm: parts.target.method.as_str(),
        htu: &format!("{}{}", parts.origin, path.unwrap_or_default()),
        iat: parts.iat,
        nonce: parts.target.nonce,
        ath: parts.ath,
    };
    let mut input = encode(&header);
    input.push('.');
    input.push_str(&encode(&claims));
    input
}

fn encode(part: &impl Serialize) -> String {
    // Only strings and numbers, so this cannot fail.
    let json = serde_json::to_vec(part).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(target: ProofTarget<'_>) -> Parts<'_> {
        Parts {
            x: "abscissa",
            y: "ordinate",
            jti: "once",
            origin: "https://id.example.com",
            iat: 1_700_000_000,
            ath: None,
            target,
        }
    }

    fn read(parts: &Parts<'_>) -> [String; 2] {
        let input = signing_input(parts);
        let (header, claims) = input.split_once('.').expect("two parts");
        [header, claims].map(|part| {
            let json = URL_SAFE_NO_PAD
                .decode(part)
                .expect("base64url without padding");
            String::from_utf8(json).expect("text")
        })
    }

    #[test]
    fn a_minimal_proof_has_the_required_claims() {
        let target = ProofTarget {
            method: Method::Post,
            path: "/auth/token",
            ..ProofTarget::default()
        };
        let [header, claims] = read(&parts(target));
        assert_eq!(
            header,
            r#"{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"abscissa","y":"ordinate"}}"#
        );
        assert_eq!(
            claims,
            r#"{"jti":"once","htm":"POST","htu":"https://id.example.com/auth/token","iat":1700000000}"#
        );
    }

    #[test]
    fn nonce_and_access_token_hash_are_included_if_given() {
        let target = ProofTarget {
            nonce: Some("of \"the\" server"),
            path: "/api/me",
            ..ProofTarget::default()
        };
        let mut parts = parts(target);
        parts.ath = Some("hash");
        let [_, claims] = read(&parts);
        assert!(
            claims.ends_with(r#""nonce":"of \"the\" server","ath":"hash"}"#),
            "{claims}"
        );
        assert!(claims.contains(r#""htm":"GET""#), "{claims}");
    }

    #[test]
    fn htu_has_no_query_and_no_fragment() {
        for path in [
            "/api/activity?limit=50&before=x",
            "/api/activity#x",
            "/api/activity",
        ] {
            let target = ProofTarget {
                path,
                ..ProofTarget::default()
            };
            let [_, claims] = read(&parts(target));
            assert!(
                claims.contains(r#""htu":"https://id.example.com/api/activity","#),
                "{claims}"
            );
        }
    }
}
