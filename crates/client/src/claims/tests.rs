use super::*;

fn jwt(claims: &str) -> String {
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    format!(
        "{}.{}.sig",
        part(r#"{"typ":"at+jwt","alg":"ES256"}"#),
        part(claims)
    )
}

#[test]
fn members_keep_their_order() {
    let decoded = decode(&jwt(r#"{"sub":"ada","aud":["b","a"],"exp":7}"#)).expect("a JWT");
    let names: Vec<_> = decoded
        .claims
        .0
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["sub", "aud", "exp"]);
    assert_eq!(decoded.claims.date("exp"), Some(7));
    assert_eq!(decoded.header.0[0].0, "typ");
}

#[test]
fn what_is_no_jwt_is_none() {
    for token in ["", "a.b", "a.b.c.d", "..", "!.!.!", "bnVsbA.bnVsbA.x"] {
        assert_eq!(decode(token), None, "{token}");
    }
}

#[test]
fn only_texts_are_texts() {
    assert_eq!(
        text(&jwt(r#"{"sub":"ada"}"#), "sub").as_deref(),
        Some("ada")
    );
    assert_eq!(text(&jwt(r#"{"sub":7}"#), "sub"), None);
    assert_eq!(text(&jwt("{}"), "sub"), None);
}
