//! A store that cannot write.

use std::process::Command;

use tokio::task::JoinSet;

use super::process::{Running, arguments};

/// As little room for a file as a young store needs to start, in the blocks of `ulimit`.
const BLOCKS: u32 = 2048;
/// More sign-ins than fit there.
const MANY: usize = 40_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn security_73_a_store_that_cannot_write_fails_closed_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    // What the limit does with the signal ignored: writing fails, as on a full disk.
    let limited = format!("trap '' XFSZ; ulimit -f {BLOCKS}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command
        .env_clear()
        .current_dir(folder.path())
        .args(["-c", &limited, env!("CARGO_BIN_EXE_latchkey")])
        .args(arguments(&data_dir, "127.0.0.1:0"));
    let mut server = Running::spawn(&mut command);
    let address = server.address().to_owned();
    let (lives, ended) = (server.caller.sign_in().await, server.caller.sign_in().await);
    assert_eq!(
        server.caller.log_out(&ended.access_token).await.status(),
        204
    );

    let mut crowd = JoinSet::new();
    for _ in 0..8 {
        let caller = server.caller.clone();
        crowd.spawn(async move {
            for _ in 0..MANY / 8 {
                match caller.get("/auth/login?provider=demo").send().await {
                    Ok(answer) if answer.status() == 303 => {}
                    Ok(answer) => {
                        assert_eq!(answer.status(), 503);
                        return true;
                    }
                    // It has stopped meanwhile.
                    Err(_) => return true,
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
    let (status, log) = server.ended();
    assert!(!status.success(), "{log}");
    assert!(log.contains("its store failed"), "{log}");

    // With room again everything is there.
    let server = Running::over(&data_dir, &address);
    assert_eq!(server.caller.check(&lives.access_token).await, Ok(()));
    server.caller.refreshed(&lives.refresh_token).await;
    assert_eq!(
        server.caller.check(&ended.access_token).await,
        Err("token_revoked".into())
    );
    server.caller.refresh_is_refused(&ended.refresh_token).await;
}
