//! The server's process, everybody who uses it, and a round of their lives.

use core::time::Duration;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::task::{JoinSet, block_in_place};

use super::device::Scene;
use super::person::{Person, stays_out};
use super::session::Ended;
use super::tally::{Act, Tally};
use crate::binary::process::{Running, arguments, finished, latchkey};
use fastrand::Rng;

/// How many people there are at a time.
const PEOPLE: usize = 6;
/// The server is killed before it gave so many answers in a round.
const ANSWERS: usize = 200;
/// How often somebody is banned, in percent of the rounds.
const BANS: u8 = 40;
/// In half of those the server is killed before it gave so many answers more: a ban takes as long.
const MEANWHILE: usize = 6;
/// How often a start is killed, too, in percent of the rounds.
const KILLED_STARTS: u8 = 15;
/// How many sessions that ended in earlier rounds are tried in each.
const OLD: usize = 20;
/// Everybody acts, so answers do not stop.
const PATIENCE: Duration = Duration::from_mins(5);

/// A server over one store, and everybody who uses it.
pub(super) struct Town {
    pub(super) data_dir: PathBuf,
    listen: String,
    server: Running,
    rng: Rng,
    people: Vec<Person>,
    born: usize,
    /// Sessions that are over, and addresses that are banned.
    ended: Vec<Ended>,
    banned: Vec<String>,
    pub(super) tally: Arc<Tally>,
}

impl Town {
    pub(super) fn found(data_dir: PathBuf, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let listen = free_address(&mut rng);
        let server = Running::spawn(&mut serve(&data_dir, &listen));
        let mut town = Self {
            data_dir,
            listen,
            server,
            rng,
            people: Vec::new(),
            born: 0,
            ended: Vec::new(),
            banned: Vec::new(),
            tally: Arc::default(),
        };
        town.people = (0..PEOPLE).map(|_| town.somebody()).collect();
        town
    }

    fn somebody(&mut self) -> Person {
        self.born += 1;
        Person::new(format!("person-{}@example.com", self.born), &mut self.rng)
    }

    /// Everybody acts; the server is killed amid that and started again; everything is looked at.
    pub(super) async fn round(&mut self) {
        self.act_until_killed().await;
        if self.rng.u8(..100) < KILLED_STARTS {
            self.kill_a_start();
        }
        self.server = Running::spawn(&mut serve(&self.data_dir, &self.listen));
        self.settle().await;
        self.try_some_of_old().await;
    }

    async fn act_until_killed(&mut self) {
        self.tally.begin_round();
        let mut kill_after = self.rng.usize(..ANSWERS);
        let mut operating = None;
        if self.rng.u8(..100) < BANS {
            let place = self.rng.usize(..PEOPLE);
            let ban_after = self.rng.usize(..ANSWERS / 2);
            let soon = self.rng.u8(..100) < 50;
            kill_after = ban_after + self.rng.usize(..if soon { MEANWHILE } else { ANSWERS / 2 });
            operating = Some((place, self.ban(place, ban_after)));
        }
        let mut acting = JoinSet::new();
        for (place, person) in self.people.iter_mut().enumerate() {
            for mut device in person.devices.drain(..) {
                let (caller, tally) = (self.server.caller.clone(), Arc::clone(&self.tally));
                let (email, banning) = (person.email.clone(), Arc::clone(&person.banning));
                acting.spawn(async move {
                    let scene = Scene {
                        caller: &caller,
                        tally: &tally,
                        email: &email,
                        banning: &banning,
                    };
                    device.act(scene).await;
                    (place, device)
                });
            }
        }
        let reached = tokio::time::timeout(PATIENCE, self.tally.reaches(kill_after)).await;
        let moment = Duration::from_micros(self.rng.u64(..4000));
        block_in_place(|| {
            // Between two answers, not at one.
            std::thread::sleep(moment);
            self.server.kill().expect("killed");
        });
        for (place, device) in acting.join_all().await {
            self.people[place].devices.push(device);
        }
        reached.expect("answers");
        if let Some((place, ban)) = operating {
            self.people[place].banned = ban.await.expect("the operator's command");
        }
    }

    /// An operator bans somebody at the command line. The answer: whether it said so.
    fn ban(&self, place: usize, after: usize) -> tokio::task::JoinHandle<bool> {
        let person = &self.people[place];
        let banning = Arc::clone(&person.banning);
        let tally = Arc::clone(&self.tally);
        let arguments = ["users", "ban", "--email", &person.email, "--reason", "test"];
        let mut command = latchkey_over(&self.data_dir, &arguments);
        command.args(["--data-dir".as_ref(), self.data_dir.as_os_str()]);
        tokio::spawn(async move {
            tally.reaches(after).await;
            banning.store(true, Ordering::SeqCst);
            let (status, said, error) = block_in_place(|| finished(&mut command));
            if status.success() {
                assert!(said.contains("is banned"), "{said}");
                tally.answered(Act::Ban);
            } else if error.contains("no user matches") {
                // It did not sign in in time.
            } else {
                tally.cut_off(Act::Ban);
            }
            status.success()
        })
    }

    /// Kills a server that is still about to read its store.
    fn kill_a_start(&mut self) {
        let mut command = serve(&self.data_dir, &self.listen);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("started");
        let moment = Duration::from_millis(self.rng.u64(..80));
        block_in_place(|| std::thread::sleep(moment));
        child.kill().expect("killed");
        child.wait().expect("it ended");
    }

    async fn settle(&mut self) {
        let mut settling = JoinSet::new();
        for mut person in self.people.drain(..) {
            let (caller, tally) = (self.server.caller.clone(), Arc::clone(&self.tally));
            settling.spawn(async move {
                let banned = person.settle(&caller, &tally).await.expect("an answer");
                let ended = person.take_ended();
                for ended in &ended {
                    ended.is_refused(&caller).await.expect("an answer");
                }
                (person, banned, ended)
            });
        }
        for (person, banned, ended) in settling.join_all().await {
            self.ended.extend(ended);
            if banned {
                self.banned.push(person.email);
            } else {
                self.people.push(person);
            }
        }
        // In one order, whoever was done first.
        self.people
            .sort_by(|one, other| one.email.cmp(&other.email));
        while self.people.len() < PEOPLE {
            let somebody = self.somebody();
            self.people.push(somebody);
        }
    }

    async fn try_some_of_old(&mut self) {
        let caller = &self.server.caller;
        for _ in 0..OLD.min(self.ended.len()) {
            let which = self.rng.usize(..self.ended.len());
            self.ended[which]
                .is_refused(caller)
                .await
                .expect("an answer");
        }
        if !self.banned.is_empty() {
            let which = self.rng.usize(..self.banned.len());
            stays_out(caller, &self.banned[which])
                .await
                .expect("an answer");
        }
    }

    /// Tries everything that ever ended. How much that was: sessions, accounts.
    pub(super) async fn try_all_of_old(&self) -> (usize, usize) {
        let caller = &self.server.caller;
        for ended in &self.ended {
            ended.is_refused(caller).await.expect("an answer");
        }
        for email in &self.banned {
            stays_out(caller, email).await.expect("an answer");
        }
        (self.ended.len(), self.banned.len())
    }
}

fn serve(data_dir: &std::path::Path, listen: &str) -> Command {
    latchkey_over(data_dir, &arguments(data_dir, listen))
}

/// `latchkey` with these arguments. `LATCHKEY_STORE__…` reaches it: so another store is tried.
fn latchkey_over(data_dir: &std::path::Path, arguments: &[&str]) -> Command {
    let mut command = latchkey(data_dir.parent().expect("a parent"), arguments);
    let store = std::env::vars_os().filter(|(name, _)| {
        name.to_str()
            .is_some_and(|name| name.starts_with("LATCHKEY_STORE__"))
    });
    command
        .envs(store)
        // As long as it may be: what is refused is refused for its end, not for its age.
        .env("LATCHKEY_TOKENS__ACCESS_TTL", "24h");
    command
}

/// A port that no connection of this machine is given by chance while the server is down.
fn free_address(rng: &mut Rng) -> String {
    loop {
        let address = format!("127.0.0.1:{}", 20_000 + rng.usize(..10_000));
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}
