//! What cannot work is refused before the port opens: a sentence that names the key or the path,
//! an exit code, and nothing lost.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use latchkey_testing::{Database as _, Postgres, Redis};

use super::process::{Running, arguments, latchkey, refused};
use super::used::{FREE, Used, contents, says};

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
        let arguments = ["serve", "--config", "other.toml", "--listen", FREE];
        says(&refused(&mut latchkey(folder.path(), &arguments)), &parts);
    }
}

#[test]
fn a_configuration_file_that_was_named_must_be_there() {
    let folder = tempfile::tempdir().expect("a directory");
    let arguments = ["serve", "--config", "missing.toml", "--listen", FREE];
    let said = refused(&mut latchkey(folder.path(), &arguments));
    says(
        &said,
        &["missing.toml", "cannot read the configuration file"],
    );
    assert_eq!(contents(folder.path()).len(), 0);
}

#[test]
fn a_store_that_could_lose_data_is_refused_and_its_setting_named() {
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
        let mut command = latchkey(folder.path(), &["serve", "--demo", "--listen", FREE]);
        command
            .env("LATCHKEY_STORE__KIND", kind)
            .env("LATCHKEY_STORE__URL", &url);
        says(&refused(&mut command), &["store.url", setting]);
    }
}

#[test]
fn a_port_in_use_is_named() {
    let folder = tempfile::tempdir().expect("a directory");
    let taken = TcpListener::bind(FREE).expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let data_dir = folder.path().join("data");
    let said = refused(&mut latchkey(
        folder.path(),
        &arguments(&data_dir, &address),
    ));
    says(&said, &["listen", &address]);
}

#[tokio::test]
async fn a_data_directory_in_use_is_named_and_its_server_goes_on() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let first = Running::start(&data_dir);
    let signed_in = first.caller.sign_in().await;
    let said = refused(&mut latchkey(folder.path(), &arguments(&data_dir, FREE)));
    says(&said, &["in use", data_dir.to_str().expect("UTF-8")]);
    assert_eq!(first.caller.check(&signed_in.access_token).await, Ok(()));
    first.caller.refreshed(&signed_in.refresh_token).await;
    // Its control socket is still its own.
    assert!(data_dir.join("control.sock").exists());
}

#[test]
fn a_data_directory_that_is_a_file_is_refused() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("data");
    fs::write(&file, "precious").expect("written");
    let said = refused(&mut latchkey(folder.path(), &arguments(&file, FREE)));
    says(&said, &["data_dir", file.to_str().expect("UTF-8")]);
    assert_eq!(fs::read(&file).expect("read"), b"precious");
}

#[tokio::test]
async fn security_55_store_files_with_another_master_key_are_refused() {
    let used = Used::new().await;
    let key = used.data_dir().join("master.key");
    let good = fs::read(&key).expect("read");
    fs::write(&key, format!("{}\n", "A".repeat(43))).expect("written");
    says(
        &used.start_is_refused(),
        &["master key", "sealed with another"],
    );

    // Stolen without it: a new one would be made, which fits no better.
    fs::remove_file(&key).expect("removed");
    says(&used.start_is_refused(), &["master key"]);

    fs::write(&key, good).expect("written");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("set");
    used.is_unharmed().await;
}

#[tokio::test]
async fn a_master_key_that_is_none_or_that_all_can_read_is_refused() {
    let used = Used::new().await;
    let key = used.data_dir().join("master.key");
    let path = key.to_str().expect("UTF-8");
    let good = fs::read(&key).expect("read");
    let mode = fs::metadata(&key).expect("read").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for bad in ["", "short", &"!".repeat(43)] {
        fs::write(&key, bad).expect("written");
        says(&used.start_is_refused(), &["master key", path]);
    }
    fs::write(&key, good).expect("written");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("set");
    says(&used.start_is_refused(), &["chmod 600", path]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("set");
    used.is_unharmed().await;
}
