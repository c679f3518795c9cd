//! A server whose disk fails, or which is killed while it writes: nothing is acknowledged falsely or
//! lost. strace makes the system calls fail, which needs no privilege.

use std::path::Path;
use std::time::Instant;

use latchkey_core::rotation::REUSE_LEEWAY;
use latchkey_types::TokenResponse;
use tokio::task::JoinSet;

use super::process::RunningServer;
use super::traced::{COMMITS, DB, traced};
use latchkey_testing::ApiClient;

const OPERATIONS: [Operation; 4] = [
    Operation::LogOut,
    Operation::Refresh,
    Operation::RevokeAccess,
    Operation::RevokeRefresh,
];
const IDEMPOTENCY_KEY: &str = "a key";
/// Kills the server instead of failing the call.
const KILL: &str = "signal=KILL";

#[derive(Clone, Copy, Debug)]
enum Operation {
    LogOut,
    Refresh,
    RevokeAccess,
    RevokeRefresh,
}

/// The result of an operation, from the client's point of view.
#[derive(Debug)]
enum Outcome {
    Acknowledged(String),
    /// The response was 503, or the connection was closed.
    Failed,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn security_73_a_sync_that_fails_is_never_acknowledged() {
    // Every operation is one commit with one fdatasync. In each run, one of these calls and all later
    // ones fail.
    let faults =
        (1..=OPERATIONS.len()).map(|operation| format!("fdatasync:error=EIO:when={operation}+"));
    test_faults(DB, faults).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn security_73_a_write_that_fails_is_never_acknowledged() {
    // sled writes dirty pages with `sync_file_range`: it fails when the disk is full or broken.
    let errors = ["EIO", "ENOSPC"];
    let faults = errors.map(|error| format!("sync_file_range:error={error}:when=1+"));
    test_faults(DB, faults).await;
}

/// If a write fails, sled 0.34.7 sometimes does not wake the flush that waits for it: the flush then
/// neither fails nor returns.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn security_73_a_write_error_that_sled_does_not_report_is_detected() {
    // The server writes once when it starts. The two writes of a commit are on different threads of
    // sled, and which of them fails is random, so this runs several times. The delay of 20 ms makes
    // sure that the flush is already waiting.
    let faults = ["EIO", "ENOSPC"].repeat(4).into_iter();
    let fault = |error| format!("pwrite64:error={error}:delay_enter=20000:when=2+");
    test_faults(DB, faults.map(fault)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn security_73_a_commit_count_that_cannot_be_written_is_a_failure() {
    test_faults(COMMITS, ["write:error=ENOSPC:when=1+".to_owned()]).await;
}

/// Points in time that a random kill rarely hits.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_kill_at_any_step_leaves_a_commit_done_completely_or_not_at_all() {
    // sled writes on seven threads, and strace counts the calls of each thread separately. One write
    // is made when the server starts.
    let mut faults = vec![
        format!("pwrite64:{KILL}:when=2"),
        format!("sync_file_range:{KILL}:when=1"),
    ];
    faults.extend(
        (1..=OPERATIONS.len()).map(|operation| format!("fdatasync:{KILL}:when={operation}")),
    );
    test_faults(DB, faults).await;
    // Every commit writes the count of commits once.
    let writes = (1..=OPERATIONS.len()).map(|operation| format!("write:{KILL}:when={operation}"));
    test_faults(COMMITS, writes).await;
}

/// Tests the faults concurrently, each with its own server, because the tests mostly wait.
async fn test_faults(file: &'static str, faults: impl IntoIterator<Item = String>) {
    let mut failing = JoinSet::new();
    for fault in faults {
        failing.spawn(async move { test_fault(file, &fault).await });
    }
    failing.join_all().await;
}

/// Injects a fault into calls on this file while a server handles requests. Checks its responses,
/// how it stops, and the data after a clean start.
async fn test_fault(file: &str, fault: &str) {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let server = RunningServer::start(&data_dir);
    let address = server.address().to_owned();
    let untouched = server.caller.sign_in().await;
    let mut sessions = Vec::new();
    for operation in OPERATIONS {
        sessions.push((operation, server.caller.sign_in().await));
    }
    server.stop();

    let begun = Instant::now();
    let outcomes = run_on_a_failing_disk(&data_dir, &address, file, fault, &sessions).await;

    let server = RunningServer::start_at(&data_dir, &address);
    assert_session(&server.caller, &untouched, true).await;
    for ((operation, tokens), outcome) in sessions.iter().zip(outcomes) {
        let what = format!("{fault}: {operation:?}: {outcome:?}");
        let caller = &server.caller;
        assert_done_or_not(caller, begun, *operation, tokens, outcome, &what).await;
    }
}

async fn run_on_a_failing_disk(
    data_dir: &Path,
    address: &str,
    file: &str,
    fault: &str,
    sessions: &[(Operation, TokenResponse)],
) -> Vec<Outcome> {
    let call = fault.split(':').next().expect("a call");
    let file = data_dir.join(file);
    let options = [
        "-P",
        file.to_str().expect("UTF-8"),
        "-e",
        &format!("trace={call}"),
        "-e",
        &format!("inject={fault}"),
    ];
    let mut server = RunningServer::spawn(&mut traced(data_dir, address, &options));
    let mut outcomes = Vec::new();
    let mut failed = false;
    for (operation, tokens) in sessions {
        let outcome = attempt(&server.caller, *operation, tokens).await;
        let acknowledged = matches!(outcome, Outcome::Acknowledged(_));
        assert!(
            !(failed && acknowledged),
            "{fault}: {operation:?} was acknowledged after a failure"
        );
        if !acknowledged && !failed {
            failed = true;
            assert_not_ready(&server.caller).await;
        }
        outcomes.push(outcome);
    }
    assert!(failed, "{fault}: nothing failed");
    let (status, log) = server.wait().expect("the server ends");
    assert!(!status.success(), "{log}");
    let logs_the_reason = log.contains("its store failed");
    assert!(logs_the_reason || fault.contains(KILL), "{log}");
    outcomes
}

/// The server may have stopped already: it checks once per second whether its store has failed, and
/// stops if it has.
async fn assert_not_ready(caller: &ApiClient) {
    if let Ok(response) = caller.get("/readyz").send().await {
        assert_eq!(response.status(), 503);
    }
}

async fn attempt(caller: &ApiClient, operation: Operation, tokens: &TokenResponse) -> Outcome {
    let request = match operation {
        Operation::LogOut => caller
            .post("/auth/logout")
            .bearer_auth(&tokens.access_token),
        Operation::RevokeAccess => caller
            .post("/auth/revoke")
            .form(&[("token", &tokens.access_token)]),
        Operation::RevokeRefresh => caller
            .post("/auth/revoke")
            .form(&[("token", &tokens.refresh_token)]),
        Operation::Refresh => caller
            .post("/auth/token")
            .form(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", &*tokens.refresh_token),
            ])
            .header("idempotency-key", IDEMPOTENCY_KEY),
    };
    match request.send().await {
        Ok(response) if response.status().is_success() => {
            Outcome::Acknowledged(response.text().await.expect("a body"))
        }
        Ok(response) => {
            assert_eq!(response.status(), 503, "{operation:?}");
            Outcome::Failed
        }
        Err(_) => Outcome::Failed,
    }
}

async fn assert_done_or_not(
    caller: &ApiClient,
    begun: Instant,
    operation: Operation,
    tokens: &TokenResponse,
    outcome: Outcome,
    what: &str,
) {
    let done = matches!(outcome, Outcome::Acknowledged(_));
    let refused = Err("token_revoked".to_owned());
    let access = caller.check(&tokens.access_token).await;
    assert!(access.is_ok() || access == refused, "{what}: {access:?}");
    match operation {
        Operation::LogOut | Operation::RevokeRefresh => {
            assert!(!done || access == refused, "{what}");
            assert_session(caller, tokens, access.is_ok()).await;
        }
        Operation::RevokeAccess => {
            assert!(!done || access == refused, "{what}");
            caller.refreshed(&tokens.refresh_token).await;
        }
        Operation::Refresh => {
            assert!(access.is_ok(), "{what}");
            if let Outcome::Acknowledged(body) = outcome {
                let next: TokenResponse = serde_json::from_str(&body).expect("tokens");
                let spent = caller.refresh(&tokens.refresh_token, Some("another")).await;
                if spent.status() == 400 && begun.elapsed() >= REUSE_LEEWAY {
                    // After the leeway, the reuse counts as a replay.
                    return assert_session(caller, &next, false).await;
                }
                assert_eq!(spent.status(), 409, "{what}");
                assert_session(caller, &next, true).await;
            } else {
                // A correct client retries with the same key.
                let again = caller
                    .refresh(&tokens.refresh_token, Some(IDEMPOTENCY_KEY))
                    .await;
                assert_eq!(again.status(), 200, "{what}");
            }
        }
    }
}

/// Asserts that both tokens are valid, or that neither is.
async fn assert_session(caller: &ApiClient, tokens: &TokenResponse, live: bool) {
    assert_eq!(caller.check(&tokens.access_token).await.is_ok(), live);
    if live {
        caller.refreshed(&tokens.refresh_token).await;
    } else {
        caller.refresh_is_refused(&tokens.refresh_token).await;
    }
}
