//! An unreachable issuer affects no other provider, and stolen store files contain no usable secrets.

use std::fs;
use std::path::Path;

use reqwest::StatusCode;

use crate::app::{Forge, TestApp, claims};
use latchkey_testing::{ScriptedProvider, code, header};

#[tokio::test]
async fn security_73_an_issuer_that_is_unreachable_at_startup_does_not_affect_other_providers() {
    // Nothing listens on a port that was just released.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = closed.local_addr().expect("an address");
    drop(closed);
    let config = format!(
        "demo = true\n{}",
        ScriptedProvider::section_of("down", &format!("http://{address}"))
    );
    let app = TestApp::with(&config).await;
    let response = app.get("/auth/login?provider=down").send().await;
    let response = response.expect("a response");
    assert_eq!(header(&response, "retry-after"), "2");
    assert_eq!(header(&response, "set-cookie"), "");
    assert_eq!(code(response).await, (503, "provider_unavailable".into()));
    let signed_in = app.sign_in().await;
    assert_eq!(app.check(&signed_in.access_token).await, Ok(()));
    assert_eq!(
        app.get("/readyz")
            .send()
            .await
            .expect("a response")
            .status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn security_55_stolen_store_files_yield_no_token() {
    let app = TestApp::start().await;
    let first = app.sign_in().await;
    let second = app.refreshed(&first.refresh_token).await;
    app.revoke(&second.access_token).await;
    // One key that signs and one that is only published.
    app.state.rotate_keys(None).await.expect("rotated");
    let forge = Forge::of(&app).await;
    let master = fs::read(app.data_dir().join("master.key")).expect("read");

    let mut secrets: Vec<(&str, Vec<u8>)> = vec![
        ("the master key", master.trim_ascii().to_vec()),
        ("a private key", forge.private()),
    ];
    for tokens in [&first, &second] {
        for token in [&tokens.access_token, &tokens.refresh_token] {
            secrets.push(("a token", token.clone().into_bytes()));
            for part in token.split('.').skip(1) {
                secrets.push(("part of a token", part.to_owned().into_bytes()));
            }
        }
    }
    let app = app.restarted().await;
    let files = files(&app.data_dir().join("store"));
    assert!(!files.is_empty());
    // Control: the search finds the user id, which is stored in plain text.
    let user = claims(&first.access_token)["sub"]
        .as_str()
        .expect("text")
        .to_owned();
    assert!(files.iter().any(|file| contains(file, user.as_bytes())));
    for (what, secret) in &secrets {
        assert!(
            !files.iter().any(|file| contains(file, secret)),
            "{what} is in the store"
        );
    }
}

/// All files below `folder`.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .flat_map(|entry| {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                files(&path)
            } else {
                vec![fs::read(path).expect("read")]
            }
        })
        .collect()
}

fn contains(file: &[u8], text: &[u8]) -> bool {
    file.windows(text.len()).any(|window| window == text)
}
