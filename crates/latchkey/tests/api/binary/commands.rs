//! The commands beside `serve`.

use std::fs;
use std::path::Path;

use super::process::{Running, finished, latchkey, refused};

#[test]
fn config_check_says_whether_the_configuration_is_good() {
    let folder = tempfile::tempdir().expect("a directory");
    let check = ["config", "check", "--config", "latchkey.toml"];
    let file = folder.path().join("latchkey.toml");

    fs::write(
        &file,
        "listen = \"127.0.0.1:0\"\n[tokens]\naccess_ttl = \"5m\"",
    )
    .expect("written");
    let (status, answer, said) = finished(&mut latchkey(folder.path(), &check));
    assert!(status.success(), "{said}");
    assert_eq!((&*answer, &*said), ("the configuration is valid\n", ""));

    fs::write(&file, "admins = [\"ada\"]\n[tokens]\naccess_ttl = \"2d\"").expect("written");
    let said = refused(&mut latchkey(folder.path(), &check));
    for key in ["admins", "tokens.access_ttl"] {
        assert!(said.contains(key), "{said}");
    }
    // The environment counts as well.
    fs::write(&file, "").expect("written");
    let mut command = latchkey(folder.path(), &check);
    let said = refused(command.env("LATCHKEY_TOKENS__ACCES_TTL", "1m"));
    assert!(said.contains("acces_ttl"), "{said}");
    // It made nothing.
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[tokio::test]
async fn keys_rotate_reaches_a_server_that_runs_and_a_store_that_rests() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let server = Running::start(&data_dir);
    let signed_in = server.caller.sign_in().await;
    assert_eq!(kids(&server).await.len(), 1);

    let announced = rotate(&data_dir);
    let published = kids(&server).await;
    assert_eq!(published.len(), 2);
    assert!(
        published.iter().any(|kid| announced.contains(kid)),
        "{announced}"
    );
    // The old one verifies and signs on.
    assert_eq!(server.caller.check(&signed_in.access_token).await, Ok(()));
    let address = server.address().to_owned();
    server.stop();

    let announced = rotate(&data_dir);
    let server = Running::over(&data_dir, &address);
    let published = kids(&server).await;
    assert_eq!(published.len(), 3);
    assert!(
        published.iter().any(|kid| announced.contains(kid)),
        "{announced}"
    );
    assert_eq!(server.caller.check(&signed_in.access_token).await, Ok(()));
}

/// What the command answers.
fn rotate(data_dir: &Path) -> String {
    let data_dir = data_dir.to_str().expect("UTF-8");
    let folder = Path::new(data_dir).parent().expect("a parent");
    let command = ["keys", "rotate", "--data-dir", data_dir];
    let (status, answer, said) = finished(&mut latchkey(folder, &command));
    assert!(status.success(), "{said}");
    answer
}

async fn kids(server: &Running) -> Vec<String> {
    let jwks = server.caller.get_json("/.well-known/jwks.json").await;
    let keys = jwks["keys"].as_array().expect("keys").iter();
    keys.map(|key| key["kid"].as_str().expect("a kid").to_owned())
        .collect()
}
