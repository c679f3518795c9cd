//! Out of one data directory and into another.

use std::fs;
use std::path::{Path, PathBuf};

use latchkey_types::TokenResponse;
use tempfile::TempDir;

use super::process::{Running, finished, latchkey};
use super::used::says;
use latchkey_testing::refusal;

/// A server that has something to lose, and what that is.
struct Source {
    folder: TempDir,
    server: Running,
    lives: TokenResponse,
    logged_out: TokenResponse,
    revoked: TokenResponse,
}

impl Source {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let server = Running::start(&folder.path().join("data"));
        let caller = &server.caller;
        let lives = caller.sign_in().await;
        let logged_out = caller.sign_in_as("grace@example.com").await;
        caller.log_out(&logged_out.access_token).await;
        let revoked = caller.sign_in().await;
        caller.revoke(&revoked.access_token).await;
        Self {
            lives: caller.refreshed(&lives.refresh_token).await,
            folder,
            server,
            logged_out,
            revoked,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `latchkey export FILE` of a data directory.
    fn export(&self, data_dir: &str, file: &str) -> String {
        let exported = self.run(&["export", file, "--data-dir", data_dir]);
        exported.expect("exported");
        fs::read_to_string(self.path(file)).expect("read")
    }

    fn import(&self, file: &str) -> Result<String, String> {
        self.run(&["import", file, "--data-dir", "other"])
    }

    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let (status, answer, said) = finished(&mut latchkey(self.folder.path(), arguments));
        if status.success() {
            Ok(answer)
        } else {
            Err(said)
        }
    }

    /// The master key where the backup is to be used.
    fn bring_the_key(&self) {
        fs::create_dir_all(self.path("other")).expect("made");
        fs::copy(self.path("data/master.key"), self.path("other/master.key")).expect("copied");
    }

    async fn is_all_there(&self, server: &Running) {
        let caller = &server.caller;
        assert_eq!(caller.check(&self.lives.access_token).await, Ok(()));
        for denied in [&self.logged_out, &self.revoked] {
            let refused = caller.check(&denied.access_token).await;
            assert_eq!(refused, Err("token_revoked".into()));
        }
        caller
            .refresh_is_refused(&self.logged_out.refresh_token)
            .await;
        caller.refreshed(&self.revoked.refresh_token).await;
        caller.refreshed(&self.lives.refresh_token).await;
    }
}

#[tokio::test]
async fn a_round_trip_is_exact_and_the_server_goes_on_meanwhile() {
    let source = Source::new().await;
    let running = source.export("data", "one.jsonl");
    let address = source.server.address().to_owned();
    assert_eq!(
        source.server.caller.check(&source.lives.access_token).await,
        Ok(())
    );
    let Source { server, .. } = source;
    server.stop();
    // The rest of the test without the server.
    let source = Source {
        server: Running::start(&source.folder.path().join("idle")),
        folder: source.folder,
        lives: source.lives,
        logged_out: source.logged_out,
        revoked: source.revoked,
    };
    assert_eq!(
        source.export("data", "two.jsonl"),
        running,
        "at rest the same"
    );
    // What is there is not written over.
    let again = source.run(&["export", "one.jsonl", "--data-dir", "data"]);
    says(&again.expect_err("written over"), &["one.jsonl", "already"]);
    assert!(!source.path("one.jsonl.part").exists());
    // Nor what another export may be writing.
    fs::write(source.path("four.jsonl.part"), "another's").expect("written");
    let said = source.run(&["export", "four.jsonl", "--data-dir", "data"]);
    says(&said.expect_err("mixed"), &["four.jsonl.part", "remove it"]);
    let part = fs::read_to_string(source.path("four.jsonl.part"));
    assert_eq!(part.expect("read"), "another's");

    source.bring_the_key();
    let said = source.import("one.jsonl").expect("imported");
    assert!(said.contains("imported "), "{said}");
    assert_eq!(
        source.export("other", "three.jsonl"),
        running,
        "not what went in"
    );
    let again = source.import("one.jsonl").expect_err("imported twice");
    says(&again, &["not empty", "Nothing was imported"]);
    let server = Running::over(&source.path("other"), &address);
    source.is_all_there(&server).await;
}

#[tokio::test]
async fn a_damaged_backup_is_refused_whole_and_the_line_named() {
    let source = Source::new().await;
    let whole = source.export("data", "whole.jsonl");
    source.bring_the_key();
    let lines: Vec<&str> = whole.lines().collect();
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
        (whole[..whole.len() / 3].to_owned(), "line ".to_owned()),
        (
            format!("{whole}{{}}\n"),
            format!("line {}", lines.len() + 1),
        ),
        ("[]".to_owned(), "line 1".to_owned()),
        (String::new(), "line 1".to_owned()),
    ];
    for (text, line) in cases {
        fs::write(source.path("damaged.jsonl"), text).expect("written");
        let said = source.import("damaged.jsonl").expect_err("imported");
        says(&said, &["damaged.jsonl", &line, "nothing was imported"]);
        assert!(!source.path("other/store").exists(), "{line}: {said}");
    }
    // What cannot be read twice would be found whole, and then empty.
    let said = source.import("data").expect_err("imported");
    says(&said, &["data", "is not a regular file"]);
    source
        .import("whole.jsonl")
        .expect("the whole one is taken");
}

#[tokio::test]
async fn a_backup_without_its_master_key_is_refused() {
    let source = Source::new().await;
    source.export("data", "one.jsonl");
    let said = source.import("one.jsonl").expect_err("imported");
    says(
        &said,
        &["other/master.key", "requires the master key of its server"],
    );
    // Another server's.
    drop(Running::start(&source.path("other")));
    fs::remove_dir_all(source.path("other/store")).expect("removed");
    let said = source.import("one.jsonl").expect_err("imported");
    says(&said, &["another master key", "nothing was imported"]);
    assert!(!source.path("other/store").exists());
}

/// The file with all checks made anew, as an earlier version made them: everybody can.
fn rehashed(backup: &str) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let shown = |link: &[u8]| URL_SAFE_NO_PAD.encode(link.get(..12).unwrap_or_default());
    let mut made = "{\"latchkey_export\":1}\n".to_owned();
    let mut link = Vec::new();
    for line in backup.lines().skip(1) {
        let (content, _) = line.split_once(",\"check\":").expect("a check");
        if !content.starts_with("{\"records\":") {
            link.extend(format!("{content}}}").into_bytes());
            link = digest(&SHA256, &link).as_ref().to_vec();
        }
        let rehashed = format!("{content},\"check\":\"{}\"}}\n", shown(&link));
        made.push_str(&rehashed);
    }
    made
}

#[tokio::test]
async fn security_85_a_forged_backup_is_refused_even_with_checks_made_anew() {
    let source = Source::new().await;
    let whole = source.export("data", "whole.jsonl");
    source.bring_the_key();
    // Ada's account for whoever has this subject at the provider.
    let forged = whole.replacen("ada@example.com", "eve@example.com", 1);
    assert_ne!(forged, whole);
    fs::write(source.path("forged.jsonl"), &forged).expect("written");
    let said = source.import("forged.jsonl").expect_err("imported");
    says(&said, &["forged.jsonl", "line ", "changed"]);
    fs::write(source.path("forged.jsonl"), rehashed(&forged)).expect("written");
    let said = source.import("forged.jsonl").expect_err("imported");
    says(&said, &["forged.jsonl", "--allow-unauthenticated"]);
    assert!(!source.path("other/store").exists(), "{said}");
}

#[tokio::test]
async fn a_backup_of_an_earlier_version_is_imported_on_request() {
    let source = Source::new().await;
    let whole = source.export("data", "whole.jsonl");
    source.bring_the_key();
    fs::write(source.path("old.jsonl"), rehashed(&whole)).expect("written");
    let asked = ["import", "old.jsonl", "--data-dir", "other"];
    let mut command = latchkey(source.folder.path(), &asked);
    let (status, _, said) = finished(command.arg("--allow-unauthenticated"));
    assert!(status.success(), "{said}");
    says(&said, &["warning", "cannot be verified"]);
    assert_eq!(source.export("other", "new.jsonl"), whole);
}

#[tokio::test]
async fn an_operator_can_have_it_over_the_api() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let mut command = latchkey(
        folder.path(),
        &super::process::arguments(&data_dir, "127.0.0.1:0"),
    );
    command.env("LATCHKEY_ADMINS", "ada@example.com");
    let server = Running::spawn(&mut command);
    let caller = &server.caller;
    let (ada, grace) = (
        caller.sign_in().await,
        caller.sign_in_as("grace@example.com").await,
    );
    let refused = caller
        .get_as("/api/admin/export", &grace.access_token)
        .await;
    assert_eq!(refusal(refused).await, (403, "forbidden".into()));
    let answer = caller.get_as("/api/admin/export", &ada.access_token).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/jsonl");
    let over_http = answer.text().await.expect("a backup");
    let by_command = export_to_stdout(folder.path());
    assert_eq!(over_http, by_command);
    // SECURITY 55: nothing in it that a token could be made from.
    for tokens in [&ada, &grace] {
        for token in [&tokens.access_token, &tokens.refresh_token] {
            let (_, signature) = token.rsplit_once('.').expect("a JWT");
            assert!(!over_http.contains(signature));
        }
    }
}

fn export_to_stdout(folder: &Path) -> String {
    let command = ["export", "--data-dir", "data"];
    let (status, answer, said) = finished(&mut latchkey(folder, &command));
    assert!(status.success(), "{said}");
    answer
}
