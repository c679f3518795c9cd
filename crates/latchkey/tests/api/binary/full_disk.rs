//! A store that cannot write: a file size limit and a full disk.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::task::JoinSet;

use latchkey_testing::{ApiClient, PendingSignIn, callback_from};

use super::process::{NO_LIMITS, RunningServer, arguments};

/// The file size limit in blocks of `ulimit`: just enough for a new store to start.
const MAX_FILE_BLOCKS: u32 = 2048;
/// More sign-ins than fit into the limit.
const SIGN_INS: usize = 20_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_73_a_store_that_cannot_write_fails_closed_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a directory");
    // With SIGXFSZ ignored, a write beyond the limit fails like one on a full disk.
    let limited = format!("trap '' XFSZ; ulimit -f {MAX_FILE_BLOCKS}; exec \"$0\" \"$@\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &limited, env!("CARGO_BIN_EXE_latchkey")]);
    assert_fails_closed(shell, &folder.path().join("data"), || (), || ()).await;
}

#[expect(clippy::print_stderr, reason = "reports that the test was skipped")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_73_a_full_disk_fails_closed_and_loses_nothing() {
    let Some(disk) = Disk::small() else {
        eprintln!("skipped: this machine allows only root to mount a tmpfs");
        return;
    };
    let filler = disk.path().join("filler");
    let fill = || {
        let mut file = File::create(&filler).expect("a file");
        while file.write_all(&[1; 4096]).is_ok() {}
    };
    let free = || std::fs::remove_file(&filler).expect("removed");
    let latchkey = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    assert_fails_closed(latchkey, &disk.path().join("data"), fill, free).await;
}

/// Runs a server until it cannot write any more. Checks its responses, how it stops, and that
/// nothing is lost once there is room again.
async fn assert_fails_closed(
    mut latchkey: Command,
    data_dir: &Path,
    fill: impl FnOnce(),
    free: impl FnOnce(),
) {
    latchkey
        .env_clear()
        .envs(NO_LIMITS)
        .current_dir(data_dir.parent().expect("a parent"))
        .args(arguments(data_dir, "127.0.0.1:0"));
    let mut server = RunningServer::spawn(&mut latchkey);
    let address = server.address().to_owned();
    let (live, ended) = (server.caller.sign_in().await, server.caller.sign_in().await);
    assert_eq!(
        server.caller.log_out(&ended.access_token).await.status(),
        204
    );

    fill();
    let mut sign_ins = JoinSet::new();
    for part in 0..8 {
        let caller = server.caller.clone();
        sign_ins.spawn(async move {
            for number in 0..SIGN_INS / 8 {
                if !try_sign_in(&caller, &format!("{part}-{number}@example.com")).await {
                    return true;
                }
            }
            false
        });
    }
    let failed = sign_ins.join_all().await;
    assert!(failed.contains(&true), "all sign-ins fit into the store");

    // A revocation that cannot be written is not acknowledged.
    let request = server.caller.post("/auth/revoke");
    let request = request.form(&[("token", &*live.refresh_token)]);
    if let Ok(response) = request.send().await {
        assert_eq!(response.status(), 503);
    }
    if let Ok(response) = server.caller.get("/readyz").send().await {
        assert_eq!(response.status(), 503);
    }
    // The server stops and logs the reason.
    let (status, log) = server.wait().expect("the server ends");
    assert!(!status.success(), "{log}");
    assert!(log.contains("its store failed"), "{log}");

    // Once there is room again, all data is there.
    free();
    let server = RunningServer::start_at(data_dir, &address);
    assert_eq!(server.caller.check(&live.access_token).await, Ok(()));
    server.caller.refreshed(&live.refresh_token).await;
    assert_eq!(
        server.caller.check(&ended.access_token).await,
        Err("token_revoked".into())
    );
    server.caller.refresh_is_refused(&ended.refresh_token).await;
}

/// Signs this user in. False if the server refuses with 503 or has stopped.
async fn try_sign_in(caller: &ApiClient, email: &str) -> bool {
    let begun = caller.get("/auth/login?provider=demo").send().await;
    let Some(begun) = begun.ok().filter(|response| response.status() == 303) else {
        return false;
    };
    let begun = PendingSignIn::from_redirect(&begun);
    let approved = caller.approval(&begun, email).send().await;
    let Some(approved) = approved.ok().filter(|response| response.status() == 303) else {
        return false;
    };
    let request = caller.completion(&begun.cookie, &callback_from(&approved));
    match request.send().await {
        Ok(response) if response.status() == 200 => true,
        Ok(response) => {
            assert_eq!(response.status(), 503);
            false
        }
        Err(_) => false,
    }
}

/// A tmpfs of 16 MiB in its own mount namespace, which needs no privilege. It exists as long as the
/// process that holds the namespace.
struct Disk {
    holder: Child,
    folder: TempDir,
}

impl Disk {
    fn small() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a directory");
        let mut holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
            // `cat` ends when its input is closed, at the latest when this process ends.
            .arg("mount -t tmpfs -o size=16m tmpfs \"$0\" && echo mounted && exec cat")
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut line = String::new();
        let output = holder.stdout.as_mut().expect("a pipe");
        BufReader::new(output).read_line(&mut line).expect("text");
        let disk = Self { holder, folder };
        (line == "mounted\n").then_some(disk)
    }

    /// The path of the disk, seen from outside the namespace.
    fn path(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(self.folder.path().strip_prefix("/").expect("absolute"))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}
