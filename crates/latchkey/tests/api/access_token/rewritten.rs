//! A token has exactly one valid encoding, of bounded length.

use super::fixture::TokenFixture;
use crate::app::{TestApp, recoded};
use latchkey_testing::code;

#[tokio::test]
async fn security_41_a_revoked_token_stays_refused_in_every_encoding() {
    let fixture = TokenFixture::start().await;
    let rewritten = rewritten(&fixture.token);
    fixture.app.revoke(&fixture.token).await;
    assert_eq!(
        fixture.app.check(&fixture.token).await,
        Err("token_revoked".into())
    );
    for (what, token) in &rewritten {
        let response = fixture.app.get_as("/api/me", token).await;
        assert_eq!(response.status(), 401, "{what}");
    }
}

#[tokio::test]
async fn security_41_a_token_has_one_valid_encoding() {
    let fixture = TokenFixture::start().await;
    for (what, token) in rewritten(&fixture.token) {
        fixture.assert_refused(what, &token).await;
    }
    fixture.assert_accepted(&fixture.token).await;
}

/// The base64url alphabet.
const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Other encodings of the token that a lenient parser would accept.
fn rewritten(token: &str) -> Vec<(&'static str, String)> {
    let parts: Vec<_> = token.split('.').collect();
    let (head, body, signature) = (parts[0], parts[1], parts[2]);
    // 64 bytes are encoded in 86 characters, and four bits of the last one are unused.
    let (start, last) = signature.split_at(signature.len() - 1);
    let value = ALPHABET.find(last).expect("base64url");
    let unused = &ALPHABET[value + 1..value + 2];
    vec![
        ("(r, n − s)", recoded(token)),
        ("unused bits", format!("{head}.{body}.{start}{unused}")),
        ("padding", format!("{token}==")),
        ("padded header", format!("{head}=.{body}.{signature}")),
        (
            "a percent-encoded line feed",
            format!("{head}.{body}.{signature}%0A"),
        ),
    ]
}

#[tokio::test]
async fn security_43_an_oversized_token_is_refused() {
    let app = TestApp::start().await;
    // Longer than a token may be, but within the limit for headers.
    let long = format!("{}.e30.AAAA", "a".repeat(9 * 1024));
    let response = app.get_as("/api/me", &long).await;
    assert_eq!(code(response).await, (401, "token_invalid".into()));

    let megabyte = "a".repeat(1024 * 1024);
    // The server may close the connection while the client is still sending.
    if let Ok(response) = app.get("/api/me").bearer_auth(&megabyte).send().await {
        assert_eq!(response.status(), 431);
    }
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*megabyte),
    ];
    if let Ok(response) = app.post("/auth/token").form(&form).send().await {
        assert_eq!(response.status(), 413);
    }
}
