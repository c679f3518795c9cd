//! The first start: two at once, files for one user, and a check that sees what a start would see.

use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::process::{Running, arguments, latchkey, refused};
use super::used::{FREE, mentions, says};

const TIMEOUT: Duration = Duration::from_secs(30);

#[test]
fn security_84_two_first_starts_at_once_leave_a_store_that_opens() {
    for round in 0..12 {
        let folder = tempfile::tempdir().expect("a directory");
        let data_dir = folder.path().join("data");
        let start = || {
            let mut command = latchkey(folder.path(), &arguments(&data_dir, FREE));
            let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
            quiet.spawn().expect("started")
        };
        let mut both = [start(), start()];
        one_has_ended(&mut both, round);
        for child in &mut both {
            drop(child.kill());
            child.wait().expect("it ended");
        }
        let again = Running::start(&data_dir);
        again.stop();
    }
}

/// Waits until one of them has given way to the other.
fn one_has_ended(both: &mut [Child; 2], round: i32) {
    let begun = Instant::now();
    let ended = |child: &mut Child| child.try_wait().expect("a status").is_some();
    while !both.iter_mut().any(ended) {
        assert!(begun.elapsed() < TIMEOUT, "round {round}: both run");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn mode(path: &Path) -> u32 {
    let found = fs::metadata(path).expect("it is there");
    found.permissions().mode() & 0o777
}

#[test]
fn security_87_the_data_directory_is_private_whatever_the_umask_and_whatever_it_was() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    fs::create_dir(&data_dir).expect("made");
    fs::set_permissions(&data_dir, fs::Permissions::from_mode(0o755)).expect("opened");
    let server = Running::start(&data_dir);
    assert_eq!(mode(&data_dir), 0o700);
    assert_eq!(mode(&data_dir.join("store")), 0o700);
    for name in ["master.key", "control.sock", "store/db", "store/conf"] {
        assert_eq!(mode(&data_dir.join(name)) & 0o077, 0, "{name}");
    }
    let log = server.stop();
    assert!(log.contains("it is private now"), "{log}");

    // A store of an earlier version, made with the usual umask.
    let db = data_dir.join("store/db");
    fs::set_permissions(&db, fs::Permissions::from_mode(0o644)).expect("opened");
    Running::start(&data_dir).stop();
    assert_eq!(mode(&db), 0o600);
}

#[test]
fn config_check_opens_everything_that_serve_opens() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("latchkey.toml");
    let text = "web_dir = \"/nonexistent/web\"\nmaster_key_file = \"/nonexistent/key\"\n\
        [tls]\ncert_file = \"/nonexistent/cert\"\nkey_file = \"/nonexistent/tls-key\"\n";
    fs::write(&file, text).expect("written");
    let said = refused(&mut latchkey(folder.path(), &["config", "check"]));
    mentions(&said, &["/nonexistent/web", "master_key_file", "cert_file"]);
    fs::write(&file, "[log]\nfilter = \"=,=\"\n").expect("written");
    let said = refused(&mut latchkey(folder.path(), &["config", "check"]));
    says(&said, &["log.filter", "=,="]);
}

#[test]
fn variables_of_others_are_passed_over_whatever_bytes_they_hold() {
    let folder = tempfile::tempdir().expect("a directory");
    let odd = || std::ffi::OsString::from_vec(vec![b'a', 0xff]);
    let mut check = latchkey(folder.path(), &["config", "check"]);
    check.env("FOO", odd()).env(odd(), "b");
    assert!(check.status().expect("started").success());
    let mut check = latchkey(folder.path(), &["config", "check"]);
    check.env("GOOGLE_CLIENT_SECRET", odd());
    let said = refused(&mut check);
    says(&said, &["GOOGLE_CLIENT_SECRET", "UTF-8"]);
}
