//! The commands `config check` and `keys rotate`.

use std::fs;
use std::path::Path;

use super::process::{RunningServer, latchkey, run, run_refused};

#[test]
fn config_check_validates_the_configuration() {
    let folder = tempfile::tempdir().expect("a directory");
    let check = ["config", "check", "--config", "latchkey.toml"];
    let file = folder.path().join("latchkey.toml");

    fs::write(
        &file,
        "listen = \"127.0.0.1:0\"\n[tokens]\naccess_ttl = \"5m\"",
    )
    .expect("written");
    let (status, stdout, stderr) = run(&mut latchkey(folder.path(), &check));
    assert!(status.success(), "{stderr}");
    assert_eq!((&*stdout, &*stderr), ("the configuration is valid\n", ""));

    // Providers are checked by the rules of their kind: GitHub has no scope "openid".
    let github = "[providers.github]\nkind = \"github\"\nclient_id = \"a\"\nclient_secret = \"b\"";
    fs::write(&file, github).expect("written");
    let (status, _, stderr) = run(&mut latchkey(folder.path(), &check));
    assert!(status.success(), "{stderr}");

    fs::write(&file, "admins = [\"ada\"]\n[tokens]\naccess_ttl = \"2d\"").expect("written");
    let stderr = run_refused(&mut latchkey(folder.path(), &check));
    for key in ["admins", "tokens.access_ttl"] {
        assert!(stderr.contains(key), "{stderr}");
    }
    // The environment is checked too.
    fs::write(&file, "").expect("written");
    let mut command = latchkey(folder.path(), &check);
    let stderr = run_refused(command.env("LATCHKEY_TOKENS__ACCES_TTL", "1m"));
    assert!(stderr.contains("acces_ttl"), "{stderr}");
    // The command created no file.
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[tokio::test]
async fn keys_rotate_works_with_a_running_server_and_with_a_stopped_one() {
    for is_running in [true, false] {
        let folder = tempfile::tempdir().expect("a directory");
        let data_dir = folder.path().join("data");
        let mut server = RunningServer::start(&data_dir);
        let signed_in = server.caller.sign_in().await;
        let first = published_kids(&server).await;
        assert_eq!(first.len(), 1);

        let stdout = if is_running {
            rotate(&data_dir)
        } else {
            let address = server.address().to_owned();
            server.stop();
            let stdout = rotate(&data_dir);
            server = RunningServer::start_at(&data_dir, &address);
            stdout
        };
        let published = published_kids(&server).await;
        assert_eq!(published.len(), 2);
        let next = published.iter().find(|kid| !first.contains(kid));
        let next = next.expect("a new key");
        assert!(stdout.contains(next), "{stdout}");
        // The old key still signs, and its tokens stay valid.
        assert_eq!(server.caller.check(&signed_in.access_token).await, Ok(()));

        // The new key does not sign yet, so no other is added.
        let stdout = rotate(&data_dir);
        assert!(stdout.contains(next), "{stdout}");
        assert_eq!(published_kids(&server).await.len(), 2);
        server.stop();
        let stdout = rotate(&data_dir);
        assert!(stdout.contains(next), "{stdout}");
    }
}

/// Runs `keys rotate` and returns its output.
fn rotate(data_dir: &Path) -> String {
    let data_dir = data_dir.to_str().expect("UTF-8");
    let folder = Path::new(data_dir).parent().expect("a parent");
    let command = ["keys", "rotate", "--data-dir", data_dir];
    let (status, stdout, stderr) = run(&mut latchkey(folder, &command));
    assert!(status.success(), "{stderr}");
    stdout
}

async fn published_kids(server: &RunningServer) -> Vec<String> {
    let jwks = server.caller.get_json("/.well-known/jwks.json").await;
    let keys = jwks["keys"].as_array().expect("keys").iter();
    keys.map(|key| key["kid"].as_str().expect("a kid").to_owned())
        .collect()
}
