use super::*;

fn response() -> TokenResponse {
    TokenResponse {
        // {"alg":"none"}.{"sub":"ada"}
        access_token: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.x".to_owned(),
        token_type: "Bearer".to_owned(),
        expires_in: 600,
        refresh_token: "a.b.0123456789abcdef".to_owned(),
        refresh_expires_in: 2_592_000,
        bound: false,
        return_to: None,
    }
}

#[test]
fn seconds_on_the_wire_become_moments_in_storage() {
    let tokens = Tokens::received(response(), 1_000);
    assert_eq!(tokens.access_expires_at, 601_000);
    assert_eq!(tokens.access_life, 600_000);
    assert_eq!(tokens.refresh_expires_at, 2_592_001_000);
    assert_eq!(tokens.account.as_deref(), Some("ada"));
}

#[test]
fn a_value_without_the_newer_members_is_still_read() {
    let json =
        r#"{"access_token":"a","refresh_token":"r","access_expires_at":1,"refresh_expires_at":2}"#;
    let tokens: Tokens = serde_json::from_str(json).expect("readable");
    assert_eq!((tokens.access_life, tokens.account), (0, None));
}

#[test]
fn only_a_bound_session_says_so_in_storage() {
    let mut tokens = Tokens::received(response(), 0);
    let json = serde_json::to_string(&tokens).expect("written");
    assert!(!json.contains("bound"), "{json}");
    tokens.bound = true;
    let json = serde_json::to_string(&tokens).expect("written");
    assert!(json.contains(r#""bound":true"#), "{json}");
    let read: Tokens = serde_json::from_str(&json).expect("readable");
    assert_eq!(read, tokens);
}

#[test]
fn the_server_s_clock_is_told_by_the_end_of_its_token() {
    let mut tokens = Tokens::received(response(), 1_000_000);
    assert_eq!(
        tokens.server_clock(5_000_000),
        5_000,
        "no `exp`, no better clock"
    );
    // {"alg":"none"}.{"exp":7600}: issued at 7,000 there, at 1,000 here.
    tokens.access_token = "eyJhbGciOiJub25lIn0.eyJleHAiOjc2MDB9.x".to_owned();
    assert_eq!(tokens.server_clock(1_000_000), 7_000);
    assert_eq!(tokens.server_clock(1_100_999), 7_100);
}

#[test]
fn debug_output_holds_no_token() {
    let text = format!("{:?}", Tokens::received(response(), 0));
    assert!(
        !text.contains("eyJ") && !text.contains("0123456789"),
        "{text}"
    );
}

#[test]
fn a_key_knows_its_refresh_token() {
    let pending = Pending::new("key".to_owned(), "a.b.0123456789abcdef");
    assert!(pending.is_for("a.b.0123456789abcdef"));
    assert!(!pending.is_for("a.b.0123456789abcdeg"));
    assert!(!pending.is_for(""));
    assert!(!pending.token.contains("a.b"), "{pending:?}");
}
