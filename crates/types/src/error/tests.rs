use super::ErrorCode;

#[test]
fn the_text_of_a_code_is_the_one_on_the_wire() {
    for code in [
        ErrorCode::TokenExpired,
        ErrorCode::SignInNotFound,
        ErrorCode::Internal,
    ] {
        let wire = serde_json::to_string(&code).expect("a code serialises");
        assert_eq!(wire, format!("\"{}\"", code.as_str()));
    }
}
