//! Export from one data directory and import into another.

use std::fs;
use std::path::{Path, PathBuf};

use latchkey_types::TokenResponse;
use serde_json::Value;
use tempfile::TempDir;

use super::process::{RunningServer, latchkey, run};
use super::seeded_data_dir::assert_one_line;
use latchkey_testing::refusal;

/// A running server with sessions and denials in its store.
struct Source {
    folder: TempDir,
    server: RunningServer,
    live: TokenResponse,
    logged_out: TokenResponse,
    revoked: TokenResponse,
}

impl Source {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let server = RunningServer::start(&folder.path().join("data"));
        let caller = &server.caller;
        let live = caller.sign_in().await;
        let logged_out = caller.sign_in_as("grace@example.com").await;
        caller.log_out(&logged_out.access_token).await;
        let revoked = caller.sign_in().await;
        caller.revoke(&revoked.access_token).await;
        Self {
            live: caller.refreshed(&live.refresh_token).await,
            folder,
            server,
            logged_out,
            revoked,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `latchkey export FILE` and returns the backup.
    fn export(&self, data_dir: &str, file: &str) -> String {
        let exported = self.run(&["export", file, "--data-dir", data_dir]);
        exported.expect("exported");
        fs::read_to_string(self.path(file)).expect("read")
    }

    fn import(&self, file: &str) -> Result<String, String> {
        self.run(&["import", file, "--data-dir", "other"])
    }

    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let (status, stdout, stderr) = run(&mut latchkey(self.folder.path(), arguments));
        if status.success() {
            Ok(stdout)
        } else {
            Err(stderr)
        }
    }

    /// Copies the master key to the data directory of the import.
    fn copy_master_key(&self) {
        fs::create_dir_all(self.path("other")).expect("created");
        fs::copy(self.path("data/master.key"), self.path("other/master.key")).expect("copied");
    }

    async fn assert_restored(&self, server: &RunningServer) {
        let caller = &server.caller;
        assert_eq!(caller.check(&self.live.access_token).await, Ok(()));
        for denied in [&self.logged_out, &self.revoked] {
            let refused = caller.check(&denied.access_token).await;
            assert_eq!(refused, Err("token_revoked".into()));
        }
        caller
            .refresh_is_refused(&self.logged_out.refresh_token)
            .await;
        caller.refreshed(&self.revoked.refresh_token).await;
        caller.refreshed(&self.live.refresh_token).await;
    }
}

/// The records of a backup, except the audit records that a server adds at each start and export.
fn contents(backup: &str) -> Vec<Value> {
    let lines = backup.lines().map(|line| {
        let mut record: Value = serde_json::from_str(line).expect("JSON");
        // `check` depends on the preceding lines.
        record.as_object_mut().expect("an object").remove("check");
        record
    });
    let is_of_server = |record: &Value| {
        let kind = record["audit"]["kind"].as_str();
        kind.is_some_and(|kind| ["exported", "started"].contains(&kind))
    };
    lines
        .filter(|record| !is_of_server(record) && record.get("records").is_none())
        .collect()
}

#[tokio::test]
async fn a_round_trip_is_exact_and_does_not_disturb_the_running_server() {
    let source = Source::new().await;
    let online = source.export("data", "one.jsonl");
    let address = source.server.address().to_owned();
    assert_eq!(
        source.server.caller.check(&source.live.access_token).await,
        Ok(())
    );
    let Source { server, .. } = source;
    server.stop();
    // From here on, no server uses `data`. A `Source` needs a server, so one runs in `idle`.
    let source = Source {
        server: RunningServer::start(&source.folder.path().join("idle")),
        folder: source.folder,
        live: source.live,
        logged_out: source.logged_out,
        revoked: source.revoked,
    };
    assert_eq!(
        contents(&source.export("data", "two.jsonl")),
        contents(&online),
        "offline and online exports differ"
    );
    // An existing file is not overwritten.
    let again = source.run(&["export", "one.jsonl", "--data-dir", "data"]);
    assert_one_line(
        &again.expect_err("the file was overwritten"),
        &["one.jsonl", "already"],
    );
    assert!(!source.path("one.jsonl.part").exists());
    // A partial file, which another export may be writing, is not overwritten either.
    fs::write(source.path("four.jsonl.part"), "of another export").expect("written");
    let stderr = source.run(&["export", "four.jsonl", "--data-dir", "data"]);
    assert_one_line(
        &stderr.expect_err("the file was overwritten"),
        &["four.jsonl.part", "remove it"],
    );
    let part = fs::read_to_string(source.path("four.jsonl.part"));
    assert_eq!(part.expect("read"), "of another export");

    source.copy_master_key();
    let stdout = source.import("one.jsonl").expect("imported");
    assert!(stdout.contains("imported "), "{stdout}");
    assert_eq!(
        contents(&source.export("other", "three.jsonl")),
        contents(&online),
        "the second export differs from the first"
    );
    let again = source.import("one.jsonl").expect_err("imported twice");
    assert_one_line(&again, &["not empty", "Nothing was imported"]);
    let server = RunningServer::start_at(&source.path("other"), &address);
    source.assert_restored(&server).await;
}

#[tokio::test]
async fn a_damaged_backup_is_refused_as_a_whole_and_the_error_names_the_line() {
    let source = Source::new().await;
    let backup = source.export("data", "backup.jsonl");
    source.copy_master_key();
    let lines: Vec<&str> = backup.lines().collect();
    let middle = lines.len() / 2;
    let changed = lines[middle].replacen("01", "02", 1);
    let changed = if changed == lines[middle] {
        lines[middle].replacen('1', "2", 1)
    } else {
        changed
    };
    let mut damaged = lines.clone();
    damaged[middle] = &changed;
    let mut missing = lines.clone();
    missing.remove(middle);
    let cases = [
        (damaged.join("\n"), format!("line {}", middle + 1)),
        (missing.join("\n"), format!("line {}", middle + 1)),
        (lines[..middle].join("\n"), format!("line {}", middle + 1)),
        (backup[..backup.len() / 3].to_owned(), "line ".to_owned()),
        (
            format!("{backup}{{}}\n"),
            format!("line {}", lines.len() + 1),
        ),
        ("[]".to_owned(), "line 1".to_owned()),
        (String::new(), "line 1".to_owned()),
    ];
    for (text, line) in cases {
        fs::write(source.path("damaged.jsonl"), text).expect("written");
        let stderr = source.import("damaged.jsonl").expect_err("imported");
        assert_one_line(&stderr, &["damaged.jsonl", &line, "nothing was imported"]);
        assert!(!source.path("other/store").exists(), "{line}: {stderr}");
    }
    // Input that cannot be read twice, such as a pipe, would be empty when it is imported.
    let stderr = source.import("data").expect_err("imported");
    assert_one_line(&stderr, &["data", "is not a regular file"]);
    source
        .import("backup.jsonl")
        .expect("the intact backup is accepted");
}

#[tokio::test]
async fn a_backup_without_its_master_key_is_refused() {
    let source = Source::new().await;
    source.export("data", "one.jsonl");
    let stderr = source.import("one.jsonl").expect_err("imported");
    assert_one_line(
        &stderr,
        &["other/master.key", "requires the master key of the server"],
    );
    // With the master key of another server.
    drop(RunningServer::start(&source.path("other")));
    fs::remove_dir_all(source.path("other/store")).expect("removed");
    let stderr = source.import("one.jsonl").expect_err("imported");
    assert_one_line(&stderr, &["another master key", "nothing was imported"]);
    assert!(!source.path("other/store").exists());
}

/// The backup with all checksums recomputed in the format of an earlier version, which needs no
/// key.
fn rehashed(backup: &str) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let encoded = |link: &[u8]| URL_SAFE_NO_PAD.encode(link.get(..12).unwrap_or_default());
    let mut rewritten = "{\"latchkey_export\":1}\n".to_owned();
    let mut link = Vec::new();
    for line in backup.lines().skip(1) {
        let (content, _) = line.split_once(",\"check\":").expect("a check");
        if !content.starts_with("{\"records\":") {
            link.extend(format!("{content}}}").into_bytes());
            link = digest(&SHA256, &link).as_ref().to_vec();
        }
        let rehashed = format!("{content},\"check\":\"{}\"}}\n", encoded(&link));
        rewritten.push_str(&rehashed);
    }
    rewritten
}

#[tokio::test]
async fn security_85_a_forged_backup_is_refused_even_with_recomputed_checksums() {
    let source = Source::new().await;
    let backup = source.export("data", "backup.jsonl");
    source.copy_master_key();
    // A forged address for an existing account.
    let forged = backup.replacen("ada@example.com", "eve@example.com", 1);
    assert_ne!(forged, backup);
    fs::write(source.path("forged.jsonl"), &forged).expect("written");
    let stderr = source.import("forged.jsonl").expect_err("imported");
    assert_one_line(&stderr, &["forged.jsonl", "line ", "changed"]);
    fs::write(source.path("forged.jsonl"), rehashed(&forged)).expect("written");
    let stderr = source.import("forged.jsonl").expect_err("imported");
    assert_one_line(&stderr, &["forged.jsonl", "--allow-unauthenticated"]);
    assert!(!source.path("other/store").exists(), "{stderr}");
}

#[tokio::test]
async fn a_backup_of_an_earlier_version_is_imported_on_request() {
    let source = Source::new().await;
    let backup = source.export("data", "backup.jsonl");
    source.copy_master_key();
    fs::write(source.path("old.jsonl"), rehashed(&backup)).expect("written");
    let import = ["import", "old.jsonl", "--data-dir", "other"];
    let mut command = latchkey(source.folder.path(), &import);
    let (status, _, stderr) = run(command.arg("--allow-unauthenticated"));
    assert!(status.success(), "{stderr}");
    assert_one_line(&stderr, &["warning", "cannot be verified"]);
    assert_eq!(source.export("other", "new.jsonl"), backup);
}

#[tokio::test]
async fn an_administrator_can_export_over_the_api() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let mut command = latchkey(
        folder.path(),
        &super::process::arguments(&data_dir, "127.0.0.1:0"),
    );
    command.env("LATCHKEY_ADMINS", "ada@example.com");
    let server = RunningServer::spawn(&mut command);
    let caller = &server.caller;
    let (ada, grace) = (
        caller.sign_in().await,
        caller.sign_in_as("grace@example.com").await,
    );
    let refused = caller
        .get_as("/api/admin/export", &grace.access_token)
        .await;
    assert_eq!(refusal(refused).await, (403, "forbidden".into()));
    let response = caller.get_as("/api/admin/export", &ada.access_token).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/jsonl");
    let over_http = response.text().await.expect("a backup");
    let by_command = export_to_stdout(folder.path());
    assert_eq!(over_http, by_command);
    // SECURITY 55: the backup contains no token signature.
    for tokens in [&ada, &grace] {
        for token in [&tokens.access_token, &tokens.refresh_token] {
            let (_, signature) = token.rsplit_once('.').expect("a JWT");
            assert!(!over_http.contains(signature));
        }
    }
}

fn export_to_stdout(folder: &Path) -> String {
    let command = ["export", "--data-dir", "data"];
    let (status, stdout, stderr) = run(&mut latchkey(folder, &command));
    assert!(status.success(), "{stderr}");
    stdout
}
