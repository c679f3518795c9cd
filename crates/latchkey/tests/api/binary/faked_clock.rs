//! A clock that is set wrong and right again: no token comes back to life, and no honest session
//! is lost.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use latchkey_axum::SystemClock;
use latchkey_core::Clock as _;

use super::process::{Running, arguments, latchkey};
use crate::app::claims;

/// The server under a clock that a file sets: `+1h`. Clocks that nobody sets go on as they do.
struct Faked {
    folder: tempfile::TempDir,
    address: String,
}

impl Faked {
    fn command(&self) -> Command {
        let data_dir = self.folder.path().join("data");
        let mut command = latchkey(self.folder.path(), &arguments(&data_dir, &self.address));
        command
            .env("LD_PRELOAD", library())
            .env("FAKETIME_TIMESTAMP_FILE", self.file())
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("LATCHKEY_ADMINS", "ada@example.com");
        command
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("offset")
    }

    fn set(&self, offset: &str) {
        // Whole or not at all, for the server reads it at any moment.
        let fresh = self.folder.path().join("offset.new");
        fs::write(&fresh, format!("{offset}\n")).expect("written");
        fs::rename(fresh, self.file()).expect("renamed");
    }

    fn start(&self) -> Running {
        Running::spawn(&mut self.command())
    }
}

/// libfaketime, as Debian installs it.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let found = folders
        .map(|folder| folder.path().join("faketime/libfaketime.so.1"))
        .find(|file| file.is_file());
    found.expect("libfaketime is missing, so no clock was set: install Debian's libfaketime")
}

async fn refused(server: &Running, access_token: &str) {
    let answer = server.caller.get_as("/api/protected", access_token).await;
    assert!(
        !answer.status().is_success(),
        "a revoked token came back to life"
    );
}

/// By how many seconds the server's clock differs from this one: it writes its own into tokens.
async fn difference(server: &Running) -> i64 {
    let signed_in = server.caller.sign_in_as("grace@example.com").await;
    let issued = claims(&signed_in.access_token)["iat"]
        .as_i64()
        .expect("iat");
    let now = SystemClock.now().as_secs();
    issued - i64::try_from(now).expect("seconds")
}

#[tokio::test]
async fn no_token_comes_back_to_life_whatever_the_clock_does() {
    let mut faked = Faked {
        folder: tempfile::tempdir().expect("a directory"),
        address: "127.0.0.1:0".into(),
    };
    faked.set("+0");
    let server = faked.start();
    faked.address = server.address().to_owned();
    let (lives, logged_out, revoked) = (
        server.caller.sign_in().await,
        server.caller.sign_in().await,
        server.caller.sign_in().await,
    );
    server.caller.log_out(&logged_out.access_token).await;
    server.caller.revoke(&revoked.access_token).await;
    drop(server);

    let (hour, month) = (3600, 30 * 24 * 3600);
    for (offset, seconds) in [
        ("+1h", hour),
        ("+30d", month),
        ("-1h", -hour),
        ("-30d", -month),
    ] {
        // Started under the wrong clock, which is set right while it runs, and wrong again.
        faked.set(offset);
        let server = faked.start();
        for (set, seconds) in [(offset, seconds), ("+0", 0), (offset, seconds), ("+0", 0)] {
            faked.set(set);
            let found = difference(&server).await;
            assert!((found - seconds).abs() < 10, "{set}: {found}");
            refused(&server, &logged_out.access_token).await;
            refused(&server, &revoked.access_token).await;
            let refresh = server.caller.refresh(&logged_out.refresh_token, None).await;
            assert_eq!(refresh.status(), 400);
        }
        drop(server);
        // And started under the right one.
        let server = faked.start();
        refused(&server, &logged_out.access_token).await;
        refused(&server, &revoked.access_token).await;
        assert_eq!(
            server.caller.check(&lives.access_token).await,
            Ok(()),
            "{offset}"
        );
        drop(server);
    }
    let server = faked.start();
    server.caller.refreshed(&lives.refresh_token).await;
}
