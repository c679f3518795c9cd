//! What a proof says (RFC 9449 §4.2), up to its signature. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::transport::Method;

/// The request that a proof is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject<'a> {
    /// Its method.
    pub method: Method,
    /// Its path; what follows a `?` is left out (`htu`).
    pub path: &'a str,
    /// The server's latest nonce, if there was one.
    pub nonce: Option<&'a str>,
    /// The access token that goes with it, if one does (`ath`).
    pub access_token: Option<&'a str>,
}

/// All that a proof is made of.
pub(super) struct Parts<'a> {
    pub(super) x: &'a str,
    pub(super) y: &'a str,
    pub(super) jti: &'a str,
    pub(super) origin: &'a str,
    pub(super) iat: u64,
    pub(super) ath: Option<&'a str>,
    pub(super) subject: Subject<'a>,
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

/// Header and claims as they are signed (RFC 7515 §5.1).
pub(super) fn signing_input(parts: &Parts<'_>) -> String {
    let path = parts.subject.path.split(['?', '#']).next();
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
        htm: parts.subject.method.as_str(),
        htu: &format!("{}{}", parts.origin, path.unwrap_or_default()),
        iat: parts.iat,
        nonce: parts.subject.nonce,
        ath: parts.ath,
    };
    let mut input = encode(&header);
    input.push('.');
    input.push_str(&encode(&claims));
    input
}

fn encode(part: &impl Serialize) -> String {
    // Texts and a number: nothing here that JSON has no form for.
    let json = serde_json::to_vec(part).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(subject: Subject<'_>) -> Parts<'_> {
        Parts {
            x: "abscissa",
            y: "ordinate",
            jti: "once",
            origin: "https://id.example.com",
            iat: 1_700_000_000,
            ath: None,
            subject,
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
    fn the_least_a_proof_says() {
        let subject = Subject {
            method: Method::Post,
            path: "/auth/token",
            ..Subject::default()
        };
        let [header, claims] = read(&parts(subject));
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
    fn nonce_and_hash_of_the_access_token_stand_in_it_where_there_are_any() {
        let subject = Subject {
            nonce: Some("of \"the\" server"),
            path: "/api/me",
            ..Subject::default()
        };
        let mut parts = parts(subject);
        parts.ath = Some("hash");
        let [_, claims] = read(&parts);
        assert!(
            claims.ends_with(r#""nonce":"of \"the\" server","ath":"hash"}"#),
            "{claims}"
        );
        assert!(claims.contains(r#""htm":"GET""#), "{claims}");
    }

    #[test]
    fn htu_is_without_query_and_fragment() {
        for path in [
            "/api/activity?limit=50&before=x",
            "/api/activity#x",
            "/api/activity",
        ] {
            let subject = Subject {
                path,
                ..Subject::default()
            };
            let [_, claims] = read(&parts(subject));
            assert!(
                claims.contains(r#""htu":"https://id.example.com/api/activity","#),
                "{claims}"
            );
        }
    }
}
