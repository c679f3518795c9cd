//! The first start: concurrent starts, private file modes, and `config check`.

use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::process::{RunningServer, arguments, latchkey, run_refused};
use super::seeded_data_dir::{FREE_PORT, assert_mentions, assert_one_line};

const START_TIMEOUT: Duration = Duration::from_secs(30);

#[test]
fn security_84_two_concurrent_first_starts_leave_a_store_that_opens() {
    for round in 0..12 {
        let folder = tempfile::tempdir().expect("a directory");
        let data_dir = folder.path().join("data");
        let start = || {
            let mut command = latchkey(folder.path(), &arguments(&data_dir, FREE_PORT));
            let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
            quiet.spawn().expect("started")
        };
        let mut both = [start(), start()];
        wait_until_one_has_ended(&mut both, round);
        for child in &mut both {
            drop(child.kill());
            child.wait().expect("the process ended");
        }
        let again = RunningServer::start(&data_dir);
        again.stop();
    }
}

/// Waits until one of the two processes has ended.
fn wait_until_one_has_ended(both: &mut [Child; 2], round: i32) {
    let begun = Instant::now();
    let ended = |child: &mut Child| child.try_wait().expect("a status").is_some();
    while !both.iter_mut().any(ended) {
        assert!(
            begun.elapsed() < START_TIMEOUT,
            "round {round}: both processes are still running"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).expect("metadata");
    metadata.permissions().mode() & 0o777
}

#[test]
fn security_87_the_data_directory_is_private_whatever_the_umask_and_earlier_modes() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    fs::create_dir(&data_dir).expect("created");
    fs::set_permissions(&data_dir, fs::Permissions::from_mode(0o755)).expect("chmod");
    let server = RunningServer::start(&data_dir);
    assert_eq!(mode(&data_dir), 0o700);
    assert_eq!(mode(&data_dir.join("store")), 0o700);
    for name in ["master.key", "control.sock", "store/db", "store/conf"] {
        assert_eq!(mode(&data_dir.join(name)) & 0o077, 0, "{name}");
    }
    let log = server.stop();
    assert!(log.contains("their permissions were removed"), "{log}");

    // A store file with the modes of the usual umask, as an earlier version created it.
    let db = data_dir.join("store/db");
    fs::set_permissions(&db, fs::Permissions::from_mode(0o644)).expect("chmod");
    RunningServer::start(&data_dir).stop();
    assert_eq!(mode(&db), 0o600);
}

#[test]
fn config_check_opens_every_file_that_serve_opens() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("latchkey.toml");
    let text = "web_dir = \"/nonexistent/web\"\nmaster_key_file = \"/nonexistent/key\"\n\
        [tls]\ncert_file = \"/nonexistent/cert\"\nkey_file = \"/nonexistent/tls-key\"\n";
    fs::write(&file, text).expect("written");
    let stderr = run_refused(&mut latchkey(folder.path(), &["config", "check"]));
    assert_mentions(
        &stderr,
        &["/nonexistent/web", "master_key_file", "cert_file"],
    );
    fs::write(&file, "[log]\nfilter = \"=,=\"\n").expect("written");
    let stderr = run_refused(&mut latchkey(folder.path(), &["config", "check"]));
    assert_one_line(&stderr, &["log.filter", "=,="]);
}

#[test]
fn unrelated_environment_variables_may_contain_any_bytes() {
    let folder = tempfile::tempdir().expect("a directory");
    let odd = || std::ffi::OsString::from_vec(vec![b'a', 0xff]);
    let mut check = latchkey(folder.path(), &["config", "check"]);
    check.env("FOO", odd()).env(odd(), "b");
    assert!(check.status().expect("started").success());
    let mut check = latchkey(folder.path(), &["config", "check"]);
    check.env("GOOGLE_CLIENT_SECRET", odd());
    let stderr = run_refused(&mut check);
    assert_one_line(&stderr, &["GOOGLE_CLIENT_SECRET", "UTF-8"]);
}
