//! Random schedules in simulations of up to twenty tabs.
//!
//! `LATCHKEY_SCHEDULES=N` changes the number of schedules. `LATCHKEY_SEED=N` runs a single one and
//! prints each action.

mod schedule;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use self::schedule::Schedule;
use crate::simulation::Tally;

/// The default number of schedules.
const SCHEDULES: u64 = 100_000;

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}

fn check(seed: u64, verbose: bool) -> Tally {
    let mut schedule = Schedule::new(seed, verbose);
    schedule.run();
    assert!(
        schedule.simulation.breach.is_none(),
        "{:?} after {} actions. Run this schedule alone with:\n    LATCHKEY_SEED={seed} cargo test \
         -p latchkey-client --test proof random -- --nocapture",
        schedule.simulation.breach.expect("a breach"),
        schedule.done,
    );
    schedule.simulation.server.tally
}

#[test]
#[expect(clippy::print_stderr, reason = "prints the figures")]
fn in_any_schedule_no_honest_user_is_signed_out_and_every_thief_is_caught() {
    if let Some(seed) = from_environment("LATCHKEY_SEED") {
        check(seed, true);
        return;
    }
    let schedules = from_environment("LATCHKEY_SCHEDULES").unwrap_or(SCHEDULES);
    let next = AtomicU64::new(0);
    let started_at = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let all = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut mine = Tally::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= schedules {
                        break;
                    }
                    mine += check(seed, false);
                }
                *all.lock().expect("a tally") += mine;
            });
        }
    });
    let seconds = started_at.elapsed().as_secs_f32();
    let all = all.into_inner().expect("a tally");
    eprintln!("{schedules} schedules, {threads} threads, {seconds:.1} s: {all:?}");
    let rare = all.repeated.min(all.superseded).min(all.replayed);
    assert!(
        rare.min(all.unproven) > schedules / 20 && all.rotated > schedules,
        "the schedules cover too few decisions to prove anything: {all:?}"
    );
}
