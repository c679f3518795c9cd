//! A small world to let the engine loose in: a few tabs over one storage, a network that drops,
//! delays and repeats, a clock that jumps, locks that are stolen or missing, and the server's
//! own decision from `latchkey-core`. Whatever the schedule, nobody honest is signed out.

use core::time::Duration;

use latchkey_core::rotation::{Decision, Limits, Presented, decide};
use latchkey_core::session::{KeyHash, Lifetimes};
use latchkey_core::{Session, SessionId, Timestamp, UserId};
use proptest::prelude::*;

use super::*;

const TABS: usize = 3;
/// Nothing stays in the network longer than this many rotations: TCP gives up before.
const MOST_LATE: u64 = 3;

#[derive(Default)]
struct Tab {
    engine: Engine,
    wants_lock: bool,
    posted: Option<(u64, String)>,
    /// Requests that wait for a command.
    open: Vec<RequestId>,
    sent: Vec<(RequestId, String)>,
}

struct World {
    tabs: Vec<Tab>,
    stored: Stored,
    holder: Option<usize>,
    has_locks: bool,
    session: Session,
    now: Timestamp,
    /// Refresh requests on their way, with the tab that may still listen.
    network: Vec<(usize, u64, String)>,
    valid_access: String,
    issued: u64,
    requests: u64,
    replayed: bool,
}

fn refresh_token(generation: u64) -> String {
    format!("{generation:032}")
}

fn generation(token: &str) -> u64 {
    token.parse().expect("a generation")
}

impl World {
    fn new(has_locks: bool) -> Self {
        let now = Timestamp::from_secs(1_000_000);
        let long = Duration::from_hours(24 * 365);
        let lifetimes = Lifetimes {
            access: Duration::from_secs(5),
            absolute: long,
            idle: long,
        };
        let (id, user) = (SessionId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        let mut world = Self {
            tabs: (0..TABS).map(|_| Tab::default()).collect(),
            stored: Stored::default(),
            holder: None,
            has_locks,
            session: Session::open(id, user, None, now, lifetimes),
            now,
            network: Vec::new(),
            valid_access: String::new(),
            issued: 0,
            requests: 0,
            replayed: false,
        };
        world.stored.tokens = Some(world.issue(0));
        world
    }

    fn issue(&mut self, generation: u64) -> Tokens {
        self.issued += 1;
        self.valid_access = format!("access-{}", self.issued);
        Tokens {
            access_token: self.valid_access.clone(),
            refresh_token: refresh_token(generation),
            access_expires_at: 0,
            refresh_expires_at: 0,
            access_life: 0,
            account: Some("ada".to_owned()),
            bound: false,
        }
    }

    fn step(&mut self, tab: usize, event: Event) {
        let commands = self.tabs[tab].engine.step(event, &self.stored);
        for command in commands {
            self.run(tab, command);
        }
    }

    fn run(&mut self, at: usize, command: Command) {
        let tab = &mut self.tabs[at];
        match command {
            Command::Send {
                request,
                access_token,
            } => tab.sent.push((request, access_token)),
            Command::Deliver { request } | Command::Fail { request, .. } => {
                tab.open.retain(|&open| open != request);
            }
            Command::Lock => {
                assert!(!tab.wants_lock, "asked for the lock twice");
                tab.wants_lock = true;
            }
            Command::Unlock => {
                if self.holder == Some(at) {
                    self.holder = None;
                }
            }
            Command::RememberKey(pending) => self.stored.pending = Some(pending),
            Command::ForgetKey => self.stored.pending = None,
            Command::Post { refresh_token, key } => {
                assert!(tab.posted.is_none(), "two refreshes at once in one tab");
                let generation = generation(&refresh_token);
                tab.posted = Some((generation, key.clone()));
                self.network.push((at, generation, key));
            }
            Command::StoreTokens(tokens) => {
                self.stored.tokens = Some(tokens);
                self.changed(at);
            }
            Command::ClearTokens => {
                self.stored.tokens = None;
                self.changed(at);
            }
            Command::BackOff { .. } | Command::Tell(_) => {}
        }
    }

    fn changed(&mut self, by: usize) {
        for tab in (0..TABS).filter(|&tab| tab != by) {
            self.step(tab, Event::Changed);
        }
    }

    fn begin(&mut self, tab: usize, stale: bool) {
        self.requests += 1;
        let request = RequestId(self.requests);
        self.tabs[tab].open.push(request);
        self.step(tab, Event::Begun { request, stale });
    }

    fn answer(&mut self, tab: usize) {
        if let Some((request, token)) = self.tabs[tab].sent.pop() {
            let unauthorized = token != self.valid_access;
            self.step(
                tab,
                Event::Answered {
                    request,
                    unauthorized,
                },
            );
        }
    }

    fn grant(&mut self, tab: usize, steal: bool) {
        let free = self.holder.is_none() || !self.has_locks || steal;
        if self.tabs[tab].wants_lock && free {
            self.tabs[tab].wants_lock = false;
            self.holder = Some(tab);
            let fresh_key = format!("key-{}-{}", tab, self.issued + self.requests);
            self.step(tab, Event::Locked { fresh_key });
        }
    }

    /// The server takes a refresh request out of the network and, unless it is lost on the way
    /// back, the tab hears the answer.
    fn serve(&mut self, which: usize, repeat: bool, lose_reply: bool) {
        if self.network.is_empty() {
            return;
        }
        let which = which % self.network.len();
        let (tab, generation, key) = self.network[which].clone();
        if !repeat {
            self.network.swap_remove(which);
        }
        if self.session.generation > generation + MOST_LATE {
            return;
        }
        let reply = self.rotate(generation, &key);
        if !lose_reply && self.tabs[tab].posted == Some((generation, key)) {
            self.tabs[tab].posted = None;
            self.step(tab, Event::Replied(reply));
        }
    }

    fn rotate(&mut self, generation: u64, key: &str) -> Reply {
        let mut hash = [0; 16];
        for (place, byte) in key.bytes().enumerate() {
            hash[place % 16] = byte.wrapping_add(u8::wrapping_mul(hash[place % 16], 31));
        }
        let presented = Presented {
            generation,
            key: Some(KeyHash(hash)),
            proof: None,
            user_banned: false,
        };
        let limits = Limits {
            access: Duration::from_secs(5),
            idle: Duration::from_hours(24 * 365),
        };
        match decide(&self.session, &presented, self.now, limits) {
            Decision::Rotated(session) | Decision::Repeated(session) => {
                self.session = session;
                let generation = self.session.generation;
                Reply::Tokens(self.issue(generation))
            }
            Decision::Superseded => Reply::Superseded,
            Decision::Replayed(session) => {
                self.replayed = true;
                self.session = session;
                Reply::Refused(None)
            }
            Decision::Unproven | Decision::Refused(_) => Reply::Refused(None),
        }
    }

    /// The tab hears nothing in time; its request may still be on its way.
    fn time_out(&mut self, tab: usize) {
        if self.tabs[tab].posted.take().is_some() {
            let reply = Reply::Unavailable(Trouble::Unreachable);
            self.step(tab, Event::Replied(reply));
        }
    }

    /// The tab is closed and opened again: it forgets all that is not in storage.
    fn reopen(&mut self, tab: usize) {
        self.tabs[tab] = Tab::default();
        if self.holder == Some(tab) {
            self.holder = None;
        }
    }

    fn act(&mut self, action: u8, choice: u8) {
        let tab = usize::from(choice) % TABS;
        let which = usize::from(choice) / TABS;
        match action % 16 {
            0 => self.begin(tab, false),
            1 => self.begin(tab, true),
            2..=4 => self.answer(tab),
            5 | 6 => self.grant(tab, false),
            7 => self.grant(tab, true),
            8 | 9 => self.serve(which, false, false),
            10 => self.serve(which, true, false),
            11 => self.serve(which, false, true),
            12 => self.time_out(tab),
            13 => {
                self.now = self.now.plus(Duration::from_secs(u64::from(choice)));
                if choice > 100 {
                    self.valid_access.clear();
                }
            }
            14 if choice < 60 => self.reopen(tab),
            14 => self.step(tab, Event::Due),
            _ => {
                let cause = if choice.is_multiple_of(2) {
                    Cause::Asked
                } else {
                    Cause::AheadOfExpiry
                };
                self.step(tab, Event::Wanted(cause));
            }
        }
    }

    /// The network is well again and everyone has time: what is open must come to an end.
    fn calm_down(&mut self) {
        self.network.clear();
        for tab in 0..TABS {
            self.time_out(tab);
        }
        for _ in 0..200 {
            for tab in 0..TABS {
                self.step(tab, Event::Due);
                self.grant(tab, false);
                self.serve(0, false, false);
                self.answer(tab);
            }
        }
    }
}

fn run(schedule: &[(u8, u8)], has_locks: bool) -> Result<(), TestCaseError> {
    let mut world = World::new(has_locks);
    for &(action, choice) in schedule {
        world.act(action, choice);
        prop_assert!(!world.replayed, "an honest browser was taken for a thief");
        prop_assert!(
            world.stored.tokens.is_some(),
            "an honest browser was signed out"
        );
    }
    world.calm_down();
    prop_assert!(!world.replayed, "an honest browser was taken for a thief");
    prop_assert!(
        world.stored.tokens.is_some(),
        "an honest browser was signed out"
    );
    for tab in &world.tabs {
        prop_assert!(tab.open.is_empty(), "left waiting: {:?}", tab.engine);
        prop_assert!(!tab.engine.is_refreshing());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_honest_browser_is_never_signed_out(
        schedule in proptest::collection::vec(any::<(u8, u8)>(), 0..300),
        has_locks in any::<bool>(),
    ) {
        run(&schedule, has_locks)?;
    }
}
