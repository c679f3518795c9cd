//! Upgrades: a data directory of an earlier version opens, and its backup can be imported.
//!
//! The folder `earlier` was written by a version that kept pending sign-ins in the store instead of
//! in cookies. In it, Ada is signed in and has refreshed once, Grace has signed out, Eve is banned,
//! and a sign-in is pending.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::app::TestApp;
use crate::binary::{latchkey, run};

/// The configuration of that version; `public_url` is the issuer in the stored tokens and users.
const CONFIG: &str = "public_url = \"http://127.0.0.1:7411\"\ndemo = true\n";

/// The initial time of the test clock, in seconds since the epoch.
const START: u64 = 1_800_000_000;

fn earlier(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/api/earlier")
        .join(name)
}

fn folder_with_master_key() -> TempDir {
    let folder = tempfile::tempdir().expect("a directory");
    fs::create_dir(folder.path().join("data")).expect("created");
    let key = folder.path().join("data/master.key");
    fs::copy(earlier("master.key"), &key).expect("copied");
    make_private(&key);
    folder
}

/// A Git checkout creates files that others can read, but the master key must be private.
fn make_private(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;

    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("chmod");
}

async fn assert_upgraded(folder: TempDir) {
    let tokens = fs::read_to_string(earlier("tokens.json")).expect("read");
    let tokens: Value = serde_json::from_str(&tokens).expect("JSON");
    let token = |whose: &str, kind: &str| tokens[whose][kind].as_str().expect("text").to_owned();
    let made_at = tokens["made_at"].as_u64().expect("seconds");
    let past = Duration::from_secs(START - made_at - 60);
    let app = TestApp::with_existing_data(folder, CONFIG, past).await;

    let me = app.get_as("/api/me", &token("ada", "access_token")).await;
    let me: Value = me.json().await.expect("JSON");
    assert_eq!(me["email"], "ada@example.com");
    // A token of the earlier version does not say whether the address was verified.
    assert_ne!(me["email_verified"], true);
    for whose in ["grace", "eve"] {
        let refused = app.check(&token(whose, "access_token")).await;
        assert_eq!(refused, Err("token_revoked".into()), "{whose}");
        let refresh = token(whose, "refresh_token");
        app.refresh_is_refused(&refresh).await;
    }
    let next = app.refreshed(&token("ada", "refresh_token")).await;
    let me = app.get_as("/api/me", &next.access_token).await;
    let me: Value = me.json().await.expect("JSON");
    assert_eq!(me["email_verified"], true);
    let sessions = app.get_as("/api/sessions", &next.access_token).await;
    assert_eq!(sessions.status(), 200);
    // Replaying a token from before the upgrade ends the session.
    let used = tokens["ada_used"].as_str().expect("text");
    app.refresh_is_refused(used).await;
    app.refresh_is_refused(&next.refresh_token).await;
}

#[tokio::test]
async fn a_data_directory_of_an_earlier_version_opens() {
    let folder = folder_with_master_key();
    let store = folder.path().join("data/store");
    fs::create_dir(&store).expect("created");
    for entry in fs::read_dir(earlier("store")).expect("read") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), store.join(entry.file_name())).expect("copied");
    }
    assert_upgraded(folder).await;
}

#[tokio::test]
async fn a_backup_of_an_earlier_version_with_a_pending_sign_in_is_imported() {
    let folder = folder_with_master_key();
    let file = earlier("backup.jsonl");
    let file = file.to_str().expect("a path");
    let arguments = ["import", file, "--data-dir", "data"];
    let mut command = latchkey(folder.path(), &arguments);
    let (status, _, stderr) = run(command.arg("--allow-unauthenticated"));
    assert!(status.success(), "{stderr}");
    assert_upgraded(folder).await;
}
