//! A store that cannot write: a file that may not grow, a disk that is full.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::task::JoinSet;

use latchkey_testing::{ApiClient, Begun, called_back};

use super::process::{NO_LIMITS, Running, arguments};

/// As little room for a file as a young store needs to start, in the blocks of `ulimit`.
const BLOCKS: u32 = 2048;
/// More sign-ins than fit there.
const MANY: usize = 20_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_73_a_store_that_cannot_write_fails_closed_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a directory");
    // What the limit does with the signal ignored: writing fails, as on a full disk.
    let limited = format!("trap '' XFSZ; ulimit -f {BLOCKS}; exec \"$0\" \"$@\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &limited, env!("CARGO_BIN_EXE_latchkey")]);
    fails_closed(shell, &folder.path().join("data"), || (), || ()).await;
}

#[expect(clippy::print_stderr, reason = "a test that is not run says so")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_73_a_full_disk_fails_closed_and_loses_nothing() {
    let Some(disk) = Disk::small() else {
        eprintln!("not run: this machine lets nobody but its administrator mount a tmpfs");
        return;
    };
    let filler = disk.path().join("filler");
    let fill = || {
        let mut file = File::create(&filler).expect("a file");
        while file.write_all(&[1; 4096]).is_ok() {}
    };
    let free = || std::fs::remove_file(&filler).expect("removed");
    let latchkey = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    fails_closed(latchkey, &disk.path().join("data"), fill, free).await;
}

/// Serves over this directory until nothing can be written any more; looks at what is answered,
/// how the server ends, and what is there once there is room again.
async fn fails_closed(
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
    let mut server = Running::spawn(&mut latchkey);
    let address = server.address().to_owned();
    let (lives, ended) = (server.caller.sign_in().await, server.caller.sign_in().await);
    assert_eq!(
        server.caller.log_out(&ended.access_token).await.status(),
        204
    );

    fill();
    let mut crowd = JoinSet::new();
    for part in 0..8 {
        let caller = server.caller.clone();
        crowd.spawn(async move {
            for number in 0..MANY / 8 {
                if !signs_in(&caller, &format!("{part}-{number}@example.com")).await {
                    return true;
                }
            }
            false
        });
    }
    let met = crowd.join_all().await;
    assert!(met.contains(&true), "the store had room for all of them");

    // A revocation that cannot be written is not claimed.
    let request = server.caller.post("/auth/revoke");
    let request = request.form(&[("token", &*lives.refresh_token)]);
    if let Ok(answer) = request.send().await {
        assert_eq!(answer.status(), 503);
    }
    if let Ok(answer) = server.caller.get("/readyz").send().await {
        assert_eq!(answer.status(), 503);
    }
    // It stops by itself and says why.
    let (status, log) = server.wait().expect("it ends");
    assert!(!status.success(), "{log}");
    assert!(log.contains("its store failed"), "{log}");

    // With room again everything is there.
    free();
    let server = Running::over(data_dir, &address);
    assert_eq!(server.caller.check(&lives.access_token).await, Ok(()));
    server.caller.refreshed(&lives.refresh_token).await;
    assert_eq!(
        server.caller.check(&ended.access_token).await,
        Err("token_revoked".into())
    );
    server.caller.refresh_is_refused(&ended.refresh_token).await;
}

/// Signs this person in, unless the server says that it cannot or has stopped.
async fn signs_in(caller: &ApiClient, email: &str) -> bool {
    let begun = caller.get("/auth/login?provider=demo").send().await;
    let Some(begun) = begun.ok().filter(|answer| answer.status() == 303) else {
        return false;
    };
    let begun = Begun::of(&begun);
    let approved = caller.approval(&begun, email).send().await;
    let Some(approved) = approved.ok().filter(|answer| answer.status() == 303) else {
        return false;
    };
    let request = caller.completion(&begun.cookie, &called_back(&approved));
    match request.send().await {
        Ok(answer) if answer.status() == 200 => true,
        Ok(answer) => {
            assert_eq!(answer.status(), 503);
            false
        }
        Err(_) => false,
    }
}

/// A tmpfs of 16 MiB in a mount namespace of its own, which needs no privilege; it is there for as
/// long as the process that holds it.
struct Disk {
    holder: Child,
    folder: TempDir,
}

impl Disk {
    fn small() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a directory");
        let mut holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
            // It ends when its input does, that is with this process at the latest.
            .arg("mount -t tmpfs -o size=16m tmpfs \"$0\" && echo mounted && exec cat")
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut said = String::new();
        let output = holder.stdout.as_mut().expect("a pipe");
        BufReader::new(output).read_line(&mut said).expect("text");
        let disk = Self { holder, folder };
        (said == "mounted\n").then_some(disk)
    }

    /// Where the disk is seen from outside the namespace.
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
