//! A disk that fails under a running server, or a kill just there: no false answer, and nothing
//! lost. strace makes the system calls fail, which needs no privilege.

use std::path::Path;
use std::time::Instant;

use latchkey_core::rotation::REUSE_LEEWAY;
use latchkey_types::TokenResponse;
use tokio::task::JoinSet;

use super::process::Running;
use super::traced::{COMMITS, DB, traced};
use latchkey_testing::ApiClient;

const ACTS: [Act; 4] = [
    Act::LogOut,
    Act::Refresh,
    Act::RevokeAccess,
    Act::RevokeRefresh,
];
const KEY: &str = "a key";
/// Not a failure, but the end.
const KILL: &str = "signal=KILL";

#[derive(Clone, Copy, Debug)]
enum Act {
    LogOut,
    Refresh,
    RevokeAccess,
    RevokeRefresh,
}

/// What became of an act, as its client sees it.
#[derive(Debug)]
enum Outcome {
    Acknowledged(String),
    /// 503, or no connection any more.
    Failed,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn security_73_a_sync_that_fails_is_never_acknowledged() {
    // Every act is one commit with one fdatasync: each of them fails once.
    let faults = (1..=ACTS.len()).map(|act| format!("fdatasync:error=EIO:when={act}+"));
    all_fail(DB, faults).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn security_73_a_write_that_fails_is_never_acknowledged() {
    // How sled writes: what has not come to the file yet when the disk is full or breaks.
    let errors = ["EIO", "ENOSPC"];
    let faults = errors.map(|error| format!("sync_file_range:error={error}:when=1+"));
    all_fail(DB, faults).await;
}

/// sled 0.34.7 can forget to wake a flush whose write failed: then nothing failed, and nothing was
/// answered either.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn security_73_a_write_whose_failure_sled_forgets_to_tell_is_noticed() {
    // The start writes once. Of the two writes of a commit, each on a thread of sled's, chance says
    // which fails: hence so often. It takes 20 ms, so that the flush waits by then.
    let faults = ["EIO", "ENOSPC"].repeat(4).into_iter();
    let fault = |error| format!("pwrite64:error={error}:delay_enter=20000:when=2+");
    all_fail(DB, faults.map(fault)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn security_73_a_count_that_cannot_be_written_is_a_failure() {
    all_fail(COMMITS, ["write:error=ENOSPC:when=1+".to_owned()]).await;
}

/// SECURITY, Faults: the moments that a kill at random seldom meets.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_kill_at_any_step_of_a_commit_leaves_it_wholly_done_or_not() {
    // sled's writes are on seven threads, each of which strace counts by itself; the start is one.
    let mut faults = vec![
        format!("pwrite64:{KILL}:when=2"),
        format!("sync_file_range:{KILL}:when=1"),
    ];
    faults.extend((1..=ACTS.len()).map(|act| format!("fdatasync:{KILL}:when={act}")));
    all_fail(DB, faults).await;
    // Every commit writes its count once.
    let writes = (1..=ACTS.len()).map(|act| format!("write:{KILL}:when={act}"));
    all_fail(COMMITS, writes).await;
}

/// Each with a server of its own, at once: most of the time they wait.
async fn all_fail(file: &'static str, faults: impl IntoIterator<Item = String>) {
    let mut failing = JoinSet::new();
    for fault in faults {
        failing.spawn(async move { fails(file, &fault).await });
    }
    failing.join_all().await;
}

/// Lets calls on this file fail while a server is told to do things; looks at what it answers,
/// how it ends and what is there after a clean start.
async fn fails(file: &str, fault: &str) {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let server = Running::start(&data_dir);
    let address = server.address().to_owned();
    let untouched = server.caller.sign_in().await;
    let mut sessions = Vec::new();
    for act in ACTS {
        sessions.push((act, server.caller.sign_in().await));
    }
    server.stop();

    let begun = Instant::now();
    let outcomes = act_on_a_failing_disk(&data_dir, &address, file, fault, &sessions).await;

    let server = Running::over(&data_dir, &address);
    lives(&server.caller, &untouched, true).await;
    for ((act, tokens), outcome) in sessions.iter().zip(outcomes) {
        let what = format!("{fault}: {act:?}: {outcome:?}");
        let caller = &server.caller;
        is_wholly_done_or_not(caller, begun, *act, tokens, outcome, &what).await;
    }
}

async fn act_on_a_failing_disk(
    data_dir: &Path,
    address: &str,
    file: &str,
    fault: &str,
    sessions: &[(Act, TokenResponse)],
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
    let mut server = Running::spawn(&mut traced(data_dir, address, &options));
    let mut outcomes = Vec::new();
    let mut failed = false;
    for (act, tokens) in sessions {
        let outcome = attempt(&server.caller, *act, tokens).await;
        let good = matches!(outcome, Outcome::Acknowledged(_));
        assert!(
            !(failed && good),
            "{fault}: {act:?} was acknowledged after a failure"
        );
        if !good && !failed {
            failed = true;
            is_not_ready(&server.caller).await;
        }
        outcomes.push(outcome);
    }
    assert!(failed, "{fault}: nothing failed");
    let (status, log) = server.wait().expect("it ends");
    assert!(!status.success(), "{log}");
    let says_why = log.contains("its store failed");
    assert!(says_why || fault.contains(KILL), "{log}");
    outcomes
}

/// The server looks for a failure of its store every second, then stops: most of the time it can
/// still be asked.
async fn is_not_ready(caller: &ApiClient) {
    if let Ok(answer) = caller.get("/readyz").send().await {
        assert_eq!(answer.status(), 503);
    }
}

async fn attempt(caller: &ApiClient, act: Act, tokens: &TokenResponse) -> Outcome {
    let request = match act {
        Act::LogOut => caller
            .post("/auth/logout")
            .bearer_auth(&tokens.access_token),
        Act::RevokeAccess => caller
            .post("/auth/revoke")
            .form(&[("token", &tokens.access_token)]),
        Act::RevokeRefresh => caller
            .post("/auth/revoke")
            .form(&[("token", &tokens.refresh_token)]),
        Act::Refresh => caller
            .post("/auth/token")
            .form(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", &*tokens.refresh_token),
            ])
            .header("idempotency-key", KEY),
    };
    match request.send().await {
        Ok(answer) if answer.status().is_success() => {
            Outcome::Acknowledged(answer.text().await.expect("a body"))
        }
        Ok(answer) => {
            assert_eq!(answer.status(), 503, "{act:?}");
            Outcome::Failed
        }
        Err(_) => Outcome::Failed,
    }
}

async fn is_wholly_done_or_not(
    caller: &ApiClient,
    begun: Instant,
    act: Act,
    tokens: &TokenResponse,
    outcome: Outcome,
    what: &str,
) {
    let done = matches!(outcome, Outcome::Acknowledged(_));
    let refused = Err("token_revoked".to_owned());
    let access = caller.check(&tokens.access_token).await;
    assert!(access.is_ok() || access == refused, "{what}: {access:?}");
    match act {
        Act::LogOut | Act::RevokeRefresh => {
            assert!(!done || access == refused, "{what}");
            lives(caller, tokens, access.is_ok()).await;
        }
        Act::RevokeAccess => {
            assert!(!done || access == refused, "{what}");
            caller.refreshed(&tokens.refresh_token).await;
        }
        Act::Refresh => {
            assert!(access.is_ok(), "{what}");
            if let Outcome::Acknowledged(body) = outcome {
                let next: TokenResponse = serde_json::from_str(&body).expect("tokens");
                let spent = caller.refresh(&tokens.refresh_token, Some("another")).await;
                if spent.status() == 400 && begun.elapsed() >= REUSE_LEEWAY {
                    // So late that it is taken for a thief's.
                    return lives(caller, &next, false).await;
                }
                assert_eq!(spent.status(), 409, "{what}");
                lives(caller, &next, true).await;
            } else {
                // An honest client repeats it.
                let again = caller.refresh(&tokens.refresh_token, Some(KEY)).await;
                assert_eq!(again.status(), 200, "{what}");
            }
        }
    }
}

/// Both tokens are good, or neither is.
async fn lives(caller: &ApiClient, tokens: &TokenResponse, lives: bool) {
    assert_eq!(caller.check(&tokens.access_token).await.is_ok(), lives);
    if lives {
        caller.refreshed(&tokens.refresh_token).await;
    } else {
        caller.refresh_is_refused(&tokens.refresh_token).await;
    }
}
