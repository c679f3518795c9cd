//! Nothing is acknowledged before it is on the disk.

use super::process::{Running, finished, latchkey};
use super::traced::{COMMITS, Call, DB, calls, traced};

const CALLS: &str = "trace=pwrite64,pwritev,write,fdatasync,recvfrom,sendto,writev,sendmsg";

/// SECURITY, Faults: between the last write to sled's file and the answer, there is an fdatasync.
#[tokio::test]
async fn every_answer_comes_after_an_fdatasync_of_what_it_acknowledges() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let server = Running::spawn(&mut traced(&data_dir, "127.0.0.1:0", &["-e", CALLS]));
    let caller = &server.caller;
    let mut acts = 0;
    for _ in 0..3 {
        let first = caller.sign_in().await;
        let second = caller.refreshed(&first.refresh_token).await;
        caller.revoke(&first.access_token).await;
        caller.revoke(&second.refresh_token).await;
        let other = caller.sign_in().await;
        let out = caller.log_out(&other.access_token).await;
        assert_eq!(out.status(), 204);
        acts += 6;
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
    let (status, _, said) = finished(&mut latchkey(folder.path(), &ban));
    assert!(status.success(), "{said}");
    acts += 1;
    server.stop();

    let calls = calls(&data_dir);
    let requests: Vec<&Call> = calls
        .iter()
        .filter(|call| changes_something(call))
        .collect();
    assert_eq!(requests.len(), acts, "{requests:?}");
    for request in requests {
        is_durable(&calls, request);
    }
}

/// Whether it is the arrival of a request that changes something.
fn changes_something(call: &Call) -> bool {
    let begins = |start: &str| call.data().starts_with(&format!("\"{start}"));
    call.name == "recvfrom" && (begins("POST /auth/") || begins("{\\\"version\\\""))
}

fn is_durable(calls: &[Call], request: &Call) {
    let after = calls.iter().filter(|call| call.began > request.ended);
    let mut answers = after.filter(|call| call.name == "sendto" && call.file == request.file);
    let answer = answers.next().expect("an answer");
    let good = [
        "HTTP/1.1 200",
        "HTTP/1.1 204",
        "\\\"answer\\\":{\\\"outcome\\\"",
    ];
    assert!(
        good.iter().any(|good| answer.text.contains(good)),
        "{request:?}: {answer:?}"
    );

    let between = |call: &&Call| call.began > request.ended && call.ended < answer.began;
    let meanwhile: Vec<&Call> = calls.iter().filter(between).collect();
    let of = |name, file| meanwhile.iter().filter(move |call| call.is(name, file));
    let written = of("pwrite64", DB).map(|call| call.ended).max();
    let written = written.unwrap_or_else(|| panic!("nothing was written: {request:?}"));
    let synced = of("fdatasync", DB)
        .filter(|call| call.began > written && call.succeeded())
        .map(|call| call.ended)
        .min();
    let synced = synced.unwrap_or_else(|| panic!("no fdatasync before the answer: {request:?}"));
    // The count beside the store must not run ahead of it.
    let last_count = of("write", COMMITS).map(|call| call.began).max();
    assert!(
        last_count.is_some_and(|counted| counted > synced),
        "{request:?}"
    );
}
