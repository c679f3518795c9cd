//! A token has one text, of bounded length.

use super::world::World;
use crate::app::{TestApp, recoded};
use latchkey_testing::code;

#[tokio::test]
async fn security_41_a_revoked_token_stays_refused_however_it_is_written() {
    let world = World::start().await;
    let rewritten = rewritten(&world.token);
    world.app.revoke(&world.token).await;
    assert_eq!(
        world.app.check(&world.token).await,
        Err("token_revoked".into())
    );
    for (what, token) in &rewritten {
        let answer = world.app.get_as("/api/me", token).await;
        assert_eq!(answer.status(), 401, "{what}");
    }
}

#[tokio::test]
async fn security_41_there_is_one_text_for_a_token() {
    let world = World::start().await;
    for (what, token) in rewritten(&world.token) {
        world.refuses(what, &token).await;
    }
    world.takes(&world.token).await;
}

/// The letters of base64url, by their values.
const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The same token to a lenient reader.
fn rewritten(token: &str) -> Vec<(&'static str, String)> {
    let parts: Vec<_> = token.split('.').collect();
    let (head, body, signature) = (parts[0], parts[1], parts[2]);
    // 64 bytes make 86 characters, of which the last has four bits that say nothing.
    let (start, last) = signature.split_at(signature.len() - 1);
    let value = ALPHABET.find(last).expect("base64url");
    let unused = &ALPHABET[value + 1..value + 2];
    vec![
        ("(r, n − s)", recoded(token)),
        ("unused bits", format!("{head}.{body}.{start}{unused}")),
        ("padding", format!("{token}==")),
        ("padded header", format!("{head}=.{body}.{signature}")),
        ("a line end", format!("{head}.{body}.{signature}%0A")),
    ]
}

#[tokio::test]
async fn security_43_an_oversized_token_is_refused_fast() {
    let app = TestApp::start().await;
    // Over the limit of a token, within that of a header.
    let long = format!("{}.e30.AAAA", "a".repeat(9 * 1024));
    let answer = app.get_as("/api/me", &long).await;
    assert_eq!(code(answer).await, (401, "token_invalid".into()));

    let megabyte = "a".repeat(1024 * 1024);
    // The server may hang up while the client is still sending.
    if let Ok(answer) = app.get("/api/me").bearer_auth(&megabyte).send().await {
        assert_eq!(answer.status(), 431);
    }
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*megabyte),
    ];
    if let Ok(answer) = app.post("/auth/token").form(&form).send().await {
        assert_eq!(answer.status(), 413);
    }
}
