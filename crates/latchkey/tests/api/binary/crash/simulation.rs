//! The server process, its users, and the rounds of the simulation.

use core::time::Duration;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::task::{JoinSet, block_in_place};

use super::device::Context;
use super::session::Ended;
use super::stats::{Operation, Stats};
use super::user::{User, assert_still_banned};
use crate::binary::process::{RunningServer, arguments, latchkey, run};
use fastrand::Rng;

/// Number of users at a time.
const USERS: usize = 6;
/// The kill is triggered after fewer acknowledged operations than this in a round.
const MAX_OPERATIONS: usize = 200;
/// How often a user is banned, in percent of the rounds.
const BAN_PERCENT: u8 = 40;
/// In half of those rounds, the server is killed within this many further operations, while the ban
/// may still be in progress.
const OPERATIONS_DURING_BAN: usize = 6;
/// How often the next start is killed too, in percent of the rounds.
const KILLED_START_PERCENT: u8 = 15;
/// How many sessions that ended in earlier rounds are checked in each round.
const CHECKED_ENDED_SESSIONS: usize = 20;
/// The time limit for reaching the number of acknowledged operations. Devices act until the server
/// is killed.
const PHASE_TIMEOUT: Duration = Duration::from_mins(5);

/// A server with its data directory and its users.
pub(super) struct CrashSimulation {
    pub(super) data_dir: PathBuf,
    listen: String,
    server: RunningServer,
    rng: Rng,
    users: Vec<User>,
    created: usize,
    /// All sessions that ended, and the addresses of all banned users.
    ended: Vec<Ended>,
    banned: Vec<String>,
    pub(super) stats: Arc<Stats>,
}

impl CrashSimulation {
    pub(super) fn new(data_dir: PathBuf, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let listen = free_address(&mut rng);
        let server = RunningServer::spawn(&mut serve(&data_dir, &listen));
        let mut simulation = Self {
            data_dir,
            listen,
            server,
            rng,
            users: Vec::new(),
            created: 0,
            ended: Vec::new(),
            banned: Vec::new(),
            stats: Arc::default(),
        };
        simulation.users = (0..USERS).map(|_| simulation.new_user()).collect();
        simulation
    }

    fn new_user(&mut self) -> User {
        self.created += 1;
        User::new(format!("user-{}@example.com", self.created), &mut self.rng)
    }

    /// One round: all devices act, the server is killed and started again, and everything is
    /// checked.
    pub(super) async fn round(&mut self) {
        self.act_until_killed().await;
        if self.rng.u8(..100) < KILLED_START_PERCENT {
            self.kill_a_start();
        }
        self.server = RunningServer::spawn(&mut serve(&self.data_dir, &self.listen));
        self.settle().await;
        self.check_some_ended().await;
    }

    async fn act_until_killed(&mut self) {
        self.stats.begin_round();
        let mut kill_after = self.rng.usize(..MAX_OPERATIONS);
        let mut banning = None;
        if self.rng.u8(..100) < BAN_PERCENT {
            let index = self.rng.usize(..USERS);
            let ban_after = self.rng.usize(..MAX_OPERATIONS / 2);
            let soon = self.rng.u8(..100) < 50;
            let further = if soon {
                OPERATIONS_DURING_BAN
            } else {
                MAX_OPERATIONS / 2
            };
            kill_after = ban_after + self.rng.usize(..further);
            banning = Some((index, self.ban(index, ban_after)));
        }
        let mut acting = JoinSet::new();
        for (index, user) in self.users.iter_mut().enumerate() {
            for mut device in user.devices.drain(..) {
                let (caller, stats) = (self.server.caller.clone(), Arc::clone(&self.stats));
                let (email, banning) = (user.email.clone(), Arc::clone(&user.banning));
                acting.spawn(async move {
                    let context = Context {
                        caller: &caller,
                        stats: &stats,
                        email: &email,
                        banning: &banning,
                    };
                    device.act(context).await;
                    (index, device)
                });
            }
        }
        let reached = tokio::time::timeout(PHASE_TIMEOUT, self.stats.reaches(kill_after)).await;
        let delay = Duration::from_micros(self.rng.u64(..4000));
        block_in_place(|| {
            // Kill at a random time, not right after a response.
            std::thread::sleep(delay);
            self.server.kill().expect("killed");
        });
        for (index, device) in acting.join_all().await {
            self.users[index].devices.push(device);
        }
        reached.expect("too few acknowledged operations");
        if let Some((index, ban)) = banning {
            self.users[index].banned = ban.await.expect("the ban task panicked");
        }
    }

    /// An operator bans a user at the command line. The result is whether the command succeeded.
    fn ban(&self, index: usize, after: usize) -> tokio::task::JoinHandle<bool> {
        let user = &self.users[index];
        let banning = Arc::clone(&user.banning);
        let stats = Arc::clone(&self.stats);
        let arguments = ["users", "ban", "--email", &user.email, "--reason", "test"];
        let mut command = latchkey_over(&self.data_dir, &arguments);
        command.args(["--data-dir".as_ref(), self.data_dir.as_os_str()]);
        tokio::spawn(async move {
            stats.reaches(after).await;
            banning.store(true, Ordering::SeqCst);
            let (exit, stdout, stderr) = block_in_place(|| run(&mut command));
            if exit.success() {
                assert!(stdout.contains("is banned"), "{stderr}");
                stats.acknowledged(Operation::Ban);
            } else if stderr.contains("no user matches") {
                // The user had not signed in yet.
            } else {
                stats.cut_off(Operation::Ban);
            }
            exit.success()
        })
    }

    /// Starts a server and kills it within about 80 ms, often while it is still opening its store.
    fn kill_a_start(&mut self) {
        let mut command = serve(&self.data_dir, &self.listen);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("started");
        let delay = Duration::from_millis(self.rng.u64(..80));
        block_in_place(|| std::thread::sleep(delay));
        child.kill().expect("killed");
        child.wait().expect("the process ended");
    }

    async fn settle(&mut self) {
        let mut settling = JoinSet::new();
        for mut user in self.users.drain(..) {
            let (caller, stats) = (self.server.caller.clone(), Arc::clone(&self.stats));
            settling.spawn(async move {
                let banned = user.settle(&caller, &stats).await.expect("a response");
                let ended = user.take_ended();
                for ended in &ended {
                    ended.assert_refused(&caller).await.expect("a response");
                }
                (user, banned, ended)
            });
        }
        for (user, banned, ended) in settling.join_all().await {
            self.ended.extend(ended);
            if banned {
                self.banned.push(user.email);
            } else {
                self.users.push(user);
            }
        }
        // Sort, so that the order does not depend on timing.
        self.users.sort_by(|one, other| one.email.cmp(&other.email));
        while self.users.len() < USERS {
            let new_user = self.new_user();
            self.users.push(new_user);
        }
    }

    async fn check_some_ended(&mut self) {
        let caller = &self.server.caller;
        for _ in 0..CHECKED_ENDED_SESSIONS.min(self.ended.len()) {
            let index = self.rng.usize(..self.ended.len());
            self.ended[index]
                .assert_refused(caller)
                .await
                .expect("a response");
        }
        if !self.banned.is_empty() {
            let index = self.rng.usize(..self.banned.len());
            assert_still_banned(caller, &self.banned[index])
                .await
                .expect("a response");
        }
    }

    /// Checks that all ended sessions are still refused and all banned users are still banned.
    /// Returns the number of each.
    pub(super) async fn check_all_ended(&self) -> (usize, usize) {
        let caller = &self.server.caller;
        for ended in &self.ended {
            ended.assert_refused(caller).await.expect("a response");
        }
        for email in &self.banned {
            assert_still_banned(caller, email)
                .await
                .expect("a response");
        }
        (self.ended.len(), self.banned.len())
    }
}

fn serve(data_dir: &std::path::Path, listen: &str) -> Command {
    latchkey_over(data_dir, &arguments(data_dir, listen))
}

/// `latchkey` with these arguments. It inherits the variables `LATCHKEY_STORE__…`, to test another
/// store.
fn latchkey_over(data_dir: &std::path::Path, arguments: &[&str]) -> Command {
    let mut command = latchkey(data_dir.parent().expect("a parent"), arguments);
    let store = std::env::vars_os().filter(|(name, _)| {
        name.to_str()
            .is_some_and(|name| name.starts_with("LATCHKEY_STORE__"))
    });
    command
        .envs(store)
        // The longest lifetime: tokens are refused because their session ended, not because they
        // expired.
        .env("LATCHKEY_TOKENS__ACCESS_TTL", "24h");
    command
}

/// A port outside the ephemeral range, so that it stays free while the server is down.
fn free_address(rng: &mut Rng) -> String {
    loop {
        let address = format!("127.0.0.1:{}", 20_000 + rng.usize(..10_000));
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}
