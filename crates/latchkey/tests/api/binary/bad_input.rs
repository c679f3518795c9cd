//! Invalid configurations and data directories are refused before the port opens, with an error
//! that names the key or path, and without changing any file.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use latchkey_testing::{Database as _, Postgres, Redis};

use super::process::{RunningServer, arguments, latchkey, run_refused};
use super::seeded_data_dir::{FREE_PORT, SeededDataDir, assert_one_line, contents};

#[test]
fn a_malformed_configuration_is_refused() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("other.toml");
    for (text, parts) in [
        ("demo = true\nlisten = \n", ["other.toml", "line 2"]),
        ("[tokens\n", ["other.toml", "line 1"]),
        ("\u{0}", ["other.toml", "line 1"]),
        ("lisen = \"127.0.0.1:0\"", ["lisen", "unknown key"]),
        (
            "[tokens]\nacces_ttl = \"1m\"",
            ["tokens.acces_ttl", "unknown key"],
        ),
        (
            "[tokens]\naccess_ttl = \"soon\"",
            ["tokens.access_ttl", "\"soon\""],
        ),
        ("[log]\nfilter = \"=,=\"", ["log.filter", "=,="]),
        ("web_dir = \"/nonexistent\"", ["web_dir", "/nonexistent"]),
        (
            "[tls]\ncert_file = \"/nonexistent\"\nkey_file = \"/nonexistent\"",
            ["tls.cert_file", "/nonexistent"],
        ),
    ] {
        fs::write(&file, text).expect("written");
        let arguments = ["serve", "--config", "other.toml", "--listen", FREE_PORT];
        assert_one_line(
            &run_refused(&mut latchkey(folder.path(), &arguments)),
            &parts,
        );
    }
}

#[test]
fn a_configuration_file_given_by_name_must_exist() {
    let folder = tempfile::tempdir().expect("a directory");
    let arguments = ["serve", "--config", "missing.toml", "--listen", FREE_PORT];
    let stderr = run_refused(&mut latchkey(folder.path(), &arguments));
    assert_one_line(
        &stderr,
        &["missing.toml", "cannot read the configuration file"],
    );
    assert_eq!(contents(folder.path()).len(), 0);
}

#[test]
fn an_unsafe_or_unreachable_store_is_refused_and_the_error_names_the_setting() {
    let redis = Redis::with(&["--appendfsync", "everysec"]).expect("a private Redis");
    let postgres = Postgres::with(&["synchronous_commit=off"]).expect("a private PostgreSQL");
    let folder = tempfile::tempdir().expect("a directory");
    for (kind, url, setting) in [
        ("redis", redis.url(), "appendfsync"),
        ("postgres", postgres.url(), "synchronous_commit"),
        (
            "redis",
            format!("redis://127.0.0.1:{}", postgres.port()),
            "store.url",
        ),
        (
            "postgres",
            "postgresql://a@127.0.0.1:1/b".to_owned(),
            "store.url",
        ),
    ] {
        let mut command = latchkey(folder.path(), &["serve", "--demo", "--listen", FREE_PORT]);
        command
            .env("LATCHKEY_STORE__KIND", kind)
            .env("LATCHKEY_STORE__URL", &url);
        assert_one_line(&run_refused(&mut command), &["store.url", setting]);
    }
}

#[test]
fn the_error_names_a_port_in_use() {
    let folder = tempfile::tempdir().expect("a directory");
    let listener = TcpListener::bind(FREE_PORT).expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let data_dir = folder.path().join("data");
    let stderr = run_refused(&mut latchkey(
        folder.path(),
        &arguments(&data_dir, &address),
    ));
    assert_one_line(&stderr, &["listen", &address]);
}

#[tokio::test]
async fn the_error_names_a_data_directory_in_use_and_its_server_is_not_affected() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let first = RunningServer::start(&data_dir);
    let signed_in = first.caller.sign_in().await;
    let stderr = run_refused(&mut latchkey(
        folder.path(),
        &arguments(&data_dir, FREE_PORT),
    ));
    assert_one_line(&stderr, &["in use", data_dir.to_str().expect("UTF-8")]);
    assert_eq!(first.caller.check(&signed_in.access_token).await, Ok(()));
    first.caller.refreshed(&signed_in.refresh_token).await;
    // The first server still has its control socket.
    assert!(data_dir.join("control.sock").exists());
}

#[test]
fn a_data_directory_that_is_a_file_is_refused() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("data");
    fs::write(&file, "precious").expect("written");
    let stderr = run_refused(&mut latchkey(folder.path(), &arguments(&file, FREE_PORT)));
    assert_one_line(&stderr, &["data_dir", file.to_str().expect("UTF-8")]);
    assert_eq!(fs::read(&file).expect("read"), b"precious");
}

#[tokio::test]
async fn security_55_store_files_with_another_master_key_are_refused() {
    let seeded = SeededDataDir::new().await;
    let key = seeded.data_dir().join("master.key");
    let valid = fs::read(&key).expect("read");
    fs::write(&key, format!("{}\n", "A".repeat(43))).expect("written");
    assert_one_line(
        &seeded.refused_start(),
        &["master key", "sealed with another"],
    );

    // A missing master key is not replaced by a new one, because the store already exists.
    fs::remove_file(&key).expect("removed");
    assert_one_line(&seeded.refused_start(), &["master key", "is missing"]);

    fs::write(&key, valid).expect("written");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("set");
    seeded.assert_unharmed().await;
}

#[tokio::test]
async fn an_invalid_or_world_readable_master_key_is_refused() {
    let seeded = SeededDataDir::new().await;
    let key = seeded.data_dir().join("master.key");
    let path = key.to_str().expect("UTF-8");
    let valid = fs::read(&key).expect("read");
    let mode = fs::metadata(&key).expect("read").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for invalid in ["", "short", &"!".repeat(43)] {
        fs::write(&key, invalid).expect("written");
        assert_one_line(&seeded.refused_start(), &["master key", path]);
    }
    fs::write(&key, valid).expect("written");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("set");
    assert_one_line(&seeded.refused_start(), &["chmod 600", path]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("set");
    seeded.assert_unharmed().await;
}
