//! No change is acknowledged before it is on the disk.

use latchkey_testing::ApiClient;
use serde_json::Value;

use super::process::{RunningServer, latchkey, run};
use super::traced::{COMMITS, Call, DB, calls, traced};

const CALLS: &str = "trace=pwrite64,pwritev,write,fdatasync,recvfrom,sendto,writev,sendmsg";

/// Between the last write to sled's file and the response, there is an fdatasync.
#[tokio::test]
async fn every_response_is_sent_after_an_fdatasync_of_the_change() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let mut command = traced(&data_dir, "127.0.0.1:0", &["-e", CALLS]);
    command.env("LATCHKEY_ADMINS", "ada@example.com");
    let server = RunningServer::spawn(&mut command);
    let caller = &server.caller;
    // The server records its start in the background. That write could come between the fdatasync and
    // the response of a request.
    let admin = caller.sign_in().await;
    while !is_start_recorded(caller, &admin.access_token).await {
        tokio::task::yield_now().await;
    }
    let mut changes = 1;
    for _ in 0..3 {
        let first = caller.sign_in().await;
        let second = caller.refreshed(&first.refresh_token).await;
        caller.revoke(&first.access_token).await;
        caller.revoke(&second.refresh_token).await;
        let other = caller.sign_in().await;
        let out = caller.log_out(&other.access_token).await;
        assert_eq!(out.status(), 204);
        changes += 6;
    }
    let ban = [
        "users",
        "ban",
        "--email",
        "ada@example.com",
        "--reason",
        "test",
        "--data-dir",
        data_dir.to_str().expect("UTF-8"),
    ];
    let (status, _, stderr) = run(&mut latchkey(folder.path(), &ban));
    assert!(status.success(), "{stderr}");
    changes += 1;
    server.stop();

    let calls = calls(&data_dir);
    let requests: Vec<&Call> = calls
        .iter()
        .filter(|call| changes_something(call))
        .collect();
    assert_eq!(requests.len(), changes, "{requests:?}");
    // Skips the administrator's sign-in, during which the server may have recorded its start.
    for request in requests.into_iter().skip(1) {
        assert_durable(&calls, request);
    }
}

async fn is_start_recorded(caller: &ApiClient, access_token: &str) -> bool {
    let response = caller.get_as("/api/admin/audit?kind=started", access_token);
    let events: Value = response.await.json().await.expect("JSON");
    !events["events"].as_array().expect("a list").is_empty()
}

/// Whether this call receives a request that changes something.
fn changes_something(call: &Call) -> bool {
    let begins = |start: &str| call.data().starts_with(&format!("\"{start}"));
    call.name == "recvfrom" && (begins("POST /auth/") || begins("{\\\"version\\\""))
}

fn assert_durable(calls: &[Call], request: &Call) {
    let after = calls.iter().filter(|call| call.began > request.ended);
    let mut responses = after.filter(|call| call.name == "sendto" && call.file == request.file);
    let response = responses.next().expect("a response");
    let success = [
        "HTTP/1.1 200",
        "HTTP/1.1 204",
        "\\\"answer\\\":{\\\"outcome\\\"",
    ];
    assert!(
        success.iter().any(|start| response.text.contains(start)),
        "{request:?}: {response:?}"
    );

    let between = |call: &&Call| call.began > request.ended && call.ended < response.began;
    let processing: Vec<&Call> = calls.iter().filter(between).collect();
    let of = |name, file| processing.iter().filter(move |call| call.is(name, file));
    let written = of("pwrite64", DB).map(|call| call.ended).max();
    let written = written.unwrap_or_else(|| panic!("nothing was written: {request:?}"));
    let synced = of("fdatasync", DB)
        .filter(|call| call.began > written && call.succeeded())
        .map(|call| call.ended)
        .min();
    let synced = synced.unwrap_or_else(|| panic!("no fdatasync before the response: {request:?}"));
    // The count of commits must not be ahead of the store.
    let last_count = of("write", COMMITS).map(|call| call.began).max();
    assert!(
        last_count.is_some_and(|counted| counted > synced),
        "{request:?}"
    );
}
