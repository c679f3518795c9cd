//! A server that is killed has kept every promise that it made.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use latchkey_core::rng;
use latchkey_tokens::SystemRng;
use latchkey_types::TokenResponse;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::process::Running;

const ROUNDS: usize = 5;
const CLIENTS: usize = 6;
/// Of a client's sessions, all but the last are logged out.
const SESSIONS: usize = 3;

/// What became of a session's logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Logout {
    Answered,
    CutOff,
    NotTried,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answered_logout_is_lost_to_a_kill() {
    let folder = tempfile::tempdir().expect("a directory");
    let data_dir = folder.path().join("data");
    let mut server = Running::start(&data_dir);
    let address = server.address().to_owned();
    for round in 0..ROUNDS {
        let logouts = CLIENTS * (SESSIONS - 1);
        // Somewhere between the first logout and the last.
        let [random] = rng::bytes::<1>(&SystemRng);
        let kill_after = usize::from(random) % logouts;
        let sessions = killed_while_logging_out(&mut server, kill_after).await;

        server = Running::over(&data_dir, &address);
        for (tokens, logout) in sessions {
            let access = server.caller.check(&tokens.access_token).await;
            let refresh = server.caller.refresh(&tokens.refresh_token, None).await;
            let what = format!("round {round}, killed after {kill_after}: {logout:?}");
            let ended = (Err("token_revoked".to_owned()), 400);
            let lives = (Ok(()), 200);
            let found = (access, refresh.status().as_u16());
            match logout {
                Logout::Answered => assert_eq!(found, ended, "{what}"),
                Logout::NotTried => assert_eq!(found, lives, "{what}"),
                // Either is right, half of it is not.
                Logout::CutOff => assert!(found == ended || found == lives, "{what}: {found:?}"),
            }
        }
    }
}

/// Clients sign in, then log out all at once; the server is killed after so many answers.
async fn killed_while_logging_out(
    server: &mut Running,
    kill_after: usize,
) -> Vec<(TokenResponse, Logout)> {
    let answered = Arc::new(AtomicUsize::new(0));
    let enough = Arc::new(Notify::new());
    let mut signing_in = JoinSet::new();
    for client in 0..CLIENTS {
        let caller = server.caller.clone();
        signing_in.spawn(async move {
            let mut sessions = Vec::new();
            for _ in 0..SESSIONS {
                let email = format!("client-{client}@example.com");
                sessions.push(caller.sign_in_as(&email).await);
            }
            sessions
        });
    }
    let clients = signing_in.join_all().await;

    let mut logging_out = JoinSet::new();
    for sessions in clients {
        let (answered, enough) = (Arc::clone(&answered), Arc::clone(&enough));
        let caller = server.caller.clone();
        logging_out.spawn(async move {
            let mut outcomes = Vec::new();
            for (number, tokens) in sessions.into_iter().enumerate() {
                if number == SESSIONS - 1 {
                    outcomes.push((tokens, Logout::NotTried));
                    break;
                }
                let request = caller.post("/auth/logout");
                let answer = request.bearer_auth(&tokens.access_token).send().await;
                let outcome = match answer {
                    Ok(answer) => {
                        assert_eq!(answer.status(), 204);
                        if answered.fetch_add(1, Ordering::SeqCst) == kill_after {
                            enough.notify_one();
                        }
                        Logout::Answered
                    }
                    Err(_) => Logout::CutOff,
                };
                outcomes.push((tokens, outcome));
            }
            outcomes
        });
    }
    enough.notified().await;
    server.kill();
    logging_out.join_all().await.into_iter().flatten().collect()
}
