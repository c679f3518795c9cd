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
