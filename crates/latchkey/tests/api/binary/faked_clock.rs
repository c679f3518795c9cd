//! The system clock is set wrong and corrected: no revoked token becomes valid again, and no
//! session is lost.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use latchkey_axum::SystemClock;
use latchkey_core::Clock as _;

use super::process::{RunningServer, arguments, latchkey};
use crate::app::claims;

/// A server whose system clock is shifted by the offset in a file, such as `+1h`. Its monotonic
/// clocks are not changed.
struct FakedClock {
    folder: tempfile::TempDir,
    address: String,
}

impl FakedClock {
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
        // Replace the file atomically, because the server may read it at any time.
        let fresh = self.folder.path().join("offset.new");
        fs::write(&fresh, format!("{offset}\n")).expect("written");
        fs::rename(fresh, self.file()).expect("renamed");
    }

    fn start(&self) -> RunningServer {
        RunningServer::spawn(&mut self.command())
    }
}

/// The path of libfaketime, as Debian installs it.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let file = folders
        .map(|folder| folder.path().join("faketime/libfaketime.so.1"))
        .find(|file| file.is_file());
    file.expect("libfaketime is missing: install the Debian package libfaketime")
}

async fn assert_refused(server: &RunningServer, access_token: &str) {
    let response = server.caller.get_as("/api/protected", access_token).await;
    assert!(
        !response.status().is_success(),
        "a revoked token was accepted"
    );
}

/// The offset of the server's clock in seconds, measured by the `iat` of a new token.
async fn clock_offset(server: &RunningServer) -> i64 {
    let signed_in = server.caller.sign_in_as("grace@example.com").await;
    let issued = claims(&signed_in.access_token)["iat"]
        .as_i64()
        .expect("iat");
    let now = SystemClock.now().as_secs();
    issued - i64::try_from(now).expect("seconds")
}

#[tokio::test]
async fn no_revoked_token_becomes_valid_again_when_the_clock_changes() {
    let mut faked = FakedClock {
        folder: tempfile::tempdir().expect("a directory"),
        address: "127.0.0.1:0".into(),
    };
    faked.set("+0");
    let server = faked.start();
    faked.address = server.address().to_owned();
    let (live, logged_out, revoked) = (
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
        // Start with a wrong clock, then correct it and set it wrong again while the server runs.
        faked.set(offset);
        let server = faked.start();
        for (set, seconds) in [(offset, seconds), ("+0", 0), (offset, seconds), ("+0", 0)] {
            faked.set(set);
            let measured = clock_offset(&server).await;
            assert!((measured - seconds).abs() < 10, "{set}: {measured}");
            assert_refused(&server, &logged_out.access_token).await;
            assert_refused(&server, &revoked.access_token).await;
            let refresh = server.caller.refresh(&logged_out.refresh_token, None).await;
            assert_eq!(refresh.status(), 400);
        }
        drop(server);
        // Start with the correct clock.
        let server = faked.start();
        assert_refused(&server, &logged_out.access_token).await;
        assert_refused(&server, &revoked.access_token).await;
        assert_eq!(
            server.caller.check(&live.access_token).await,
            Ok(()),
            "{offset}"
        );
        drop(server);
    }
    let server = faked.start();
    server.caller.refreshed(&live.refresh_token).await;
}
