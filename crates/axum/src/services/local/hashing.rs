//! Hashes and verifies passwords. A hash takes tens of milliseconds of processor time and 19 MiB,
//! so only a few run at the same time, a bounded number wait, and the rest are refused immediately:
//! a flood of sign-ins must not slow down other requests or fill the memory.
//!
//! One network can occupy only a part of the queue, and the part becomes smaller as the queue
//! becomes longer. A few networks therefore never fill it, even with correct passwords, which the
//! limits on guesses do not count: there is always a place for another network.

mod priority;

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, available_parallelism};

use latchkey_core::Rng;
use latchkey_tokens::PasswordHash;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Semaphore, oneshot};

use self::priority::lower_priority;
use super::link_token::LinkToken;
use crate::services::networks::{LEVELS, Network, networks};
use crate::services::rate_limits::TooManyRequests;

/// How many requests may run or wait: at most a few seconds of work.
const MAX_PENDING: usize = 128;
/// How many of these requests may come from one network, for each network size, the narrowest
/// first. The limit becomes smaller as the queue fills.
const MAX_PENDING_OF_NETWORK: [usize; LEVELS] = [16, 24, 32];
/// When a refused client should try again, in seconds.
const RETRY_AFTER: u64 = 2;

/// Runs a bounded number of hashes at a time. Waiting requests are served in order.
pub struct Hashing {
    permits: Arc<Semaphore>,
    pending: Arc<Mutex<Pending>>,
    rng: Arc<dyn Rng>,
    /// The hash that passwords of unknown users are compared with, so that they take the same time.
    decoy: PasswordHash,
}

#[derive(Debug, Default)]
struct Pending {
    total: usize,
    of_network: HashMap<(usize, Network), usize>,
}

impl Hashing {
    /// Lets half of the processors, and at least one, compute hashes at the same time.
    pub fn new(rng: Arc<dyn Rng>) -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        // Nobody knows this password, so no guess matches.
        let password = LinkToken::random(&*rng);
        Self {
            permits: Arc::new(Semaphore::new((processors / 2).max(1))),
            pending: Arc::default(),
            decoy: PasswordHash::new(password.as_str(), &*rng),
            rng,
        }
    }

    /// Whether `stored` is the hash of the password. Without a stored hash the result is `false`,
    /// after the same work.
    pub async fn verify(
        &self,
        password: SecretString,
        stored: Option<String>,
        address: Option<IpAddr>,
    ) -> Result<bool, TooManyRequests> {
        let known = stored.is_some();
        let hash = stored.map_or_else(|| self.decoy.clone(), PasswordHash::from_stored);
        let verify = move || hash.verify(password.expose_secret());
        Ok(self.run(address, verify).await? && known)
    }

    /// Hashes a new password.
    pub async fn hash(
        &self,
        password: SecretString,
        address: Option<IpAddr>,
    ) -> Result<String, TooManyRequests> {
        let rng = Arc::clone(&self.rng);
        let hash = move || PasswordHash::new(password.expose_secret(), &*rng);
        let hash = self.run(address, hash).await?;
        Ok(hash.as_str().to_owned())
    }

    /// Whether a stored hash should be replaced, because it was made with other parameters.
    pub fn is_outdated(stored: &str) -> bool {
        PasswordHash::from_stored(stored.to_owned()).is_outdated()
    }

    /// Runs this work when its turn comes, or refuses it if too much is pending. Work that has begun
    /// occupies its place until it ends, even if the caller is dropped.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        address: Option<IpAddr>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, TooManyRequests> {
        let busy = || TooManyRequests::new("that need a password", RETRY_AFTER);
        let place = self.enter(address).ok_or_else(busy)?;
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| busy())?;
        let (sender, result) = oneshot::channel();
        // A new thread for each hash, because a lowered priority cannot be raised again. Starting it
        // takes little time compared with a hash.
        let thread = thread::Builder::new().name("password-hash".to_owned());
        let started = thread.spawn(move || {
            let held = (place, permit);
            lower_priority();
            let result = work();
            // Free the place before the result is sent: the caller may need it for another hash.
            drop(held);
            // The caller may be gone.
            let _sent = sender.send(result);
        });
        if let Err(error) = started {
            tracing::error!(%error, "cannot start a thread to hash a password");
            return Err(busy());
        }
        // Fails only if the work panicked.
        result.await.map_err(|_| busy())
    }

    fn enter(&self, address: Option<IpAddr>) -> Option<Place> {
        let keys: Vec<_> = address.into_iter().flat_map(networks).enumerate().collect();
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let free = MAX_PENDING.saturating_sub(pending.total);
        let is_full = |key: &(usize, Network)| {
            let count = pending.of_network.get(key).copied().unwrap_or_default();
            // The limit is proportional to the free places: n networks that take all they can get
            // leave 1 / (1 + n / 8) of all places free.
            let limit = MAX_PENDING_OF_NETWORK[key.0] * free / MAX_PENDING;
            count >= limit.max(1)
        };
        if free == 0 || keys.iter().any(is_full) {
            return None;
        }
        pending.total += 1;
        for key in &keys {
            *pending.of_network.entry(*key).or_default() += 1;
        }
        Some(Place {
            pending: Arc::clone(&self.pending),
            keys,
        })
    }
}

/// A place in the queue, which is free again when this is dropped.
struct Place {
    pending: Arc<Mutex<Pending>>,
    keys: Vec<(usize, Network)>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.total -= 1;
        for key in &self.keys {
            if let Some(count) = pending.of_network.get_mut(key) {
                *count -= 1;
                if *count == 0 {
                    pending.of_network.remove(key);
                }
            }
        }
    }
}

impl fmt::Debug for Hashing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hashing").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use latchkey_tokens::SystemRng;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    /// Takes places for each of these addresses until none of them gets another.
    fn all_places(hashing: &Hashing, addresses: &[IpAddr]) -> Vec<Place> {
        let mut places = Vec::new();
        loop {
            let before = places.len();
            places.extend(addresses.iter().filter_map(|it| hashing.enter(Some(*it))));
            if places.len() == before {
                return places;
            }
        }
    }

    #[test]
    fn security_95_a_few_networks_do_not_fill_the_queue() {
        let hashing = Hashing::new(Arc::new(SystemRng));
        for networks in [1, 8, 32, 100] {
            let greedy: Vec<IpAddr> = (0..networks).map(|it| [192, 0, 2, it].into()).collect();
            let places = all_places(&hashing, &greedy);
            assert!(places.len() < MAX_PENDING, "{networks}");
            let newcomer = hashing.enter(Some(address("198.51.100.1")));
            assert!(newcomer.is_some(), "{networks} networks left no place");
        }
        assert!(all_places(&hashing, &[address("192.0.2.1")]).len() >= 8);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn security_95_hashes_run_a_few_at_a_time_and_a_flood_is_refused() {
        let hashing = Arc::new(Hashing::new(Arc::new(SystemRng)));
        let permits = hashing.permits.available_permits();
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (release, released) = mpsc::channel::<()>();
        let released = Arc::new(Mutex::new(released));
        let begin = |address| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            let (hashing, released) = (Arc::clone(&hashing), Arc::clone(&released));
            async move {
                let work = move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    // Waits until the channel is closed.
                    let _closed = released.lock().expect("not poisoned").recv();
                    running.fetch_sub(1, Ordering::SeqCst);
                };
                hashing.run(address, work).await
            }
        };
        let flood = all_places(&hashing, &[address("192.0.2.1")]).len();
        assert!(flood > permits && flood < MAX_PENDING / 2, "{flood}");
        let work: Vec<_> = (0..flood)
            .map(|_| tokio::spawn(begin(Some(address("192.0.2.1")))))
            .collect();
        while hashing.pending.lock().expect("not poisoned").total < flood {
            tokio::task::yield_now().await;
        }
        // The network has used up its part of the queue, and others have not.
        let refused = begin(Some(address("192.0.2.1"))).await;
        assert_eq!(refused.expect_err("refused").retry_after, RETRY_AFTER);
        let other = tokio::spawn(begin(Some(address("192.0.2.2"))));
        while hashing.pending.lock().expect("not poisoned").total == flood {
            tokio::task::yield_now().await;
        }
        drop(release);
        for work in work.into_iter().chain([other]) {
            assert_eq!(work.await.expect("no panic"), Ok(()));
        }
        assert!(most.load(Ordering::SeqCst) <= permits, "{most:?}");
        let pending = hashing.pending.lock().expect("not poisoned");
        assert_eq!(pending.total, 0);
        assert!(pending.of_network.is_empty());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashes_run_with_a_lower_priority() {
        let niceness = || rustix::process::getpriority_process(None).expect("a niceness");
        let hashing = Hashing::new(Arc::new(SystemRng));
        let before = niceness();
        let lowered = hashing.run(None, niceness).await.expect("a free place");
        assert!(lowered > before || before == 19, "{before} {lowered}");
    }

    #[test]
    fn all_networks_together_are_bounded() {
        let hashing = Hashing::new(Arc::new(SystemRng));
        let mut places = Vec::new();
        for number in 0..u8::MAX {
            places.extend(hashing.enter(Some([192, 0, 2, number].into())));
        }
        assert_eq!(places.len(), MAX_PENDING);
        places.clear();
        // The /64 networks of an IPv6 site share one limit.
        let site = |number| [0x2001, 0xdb8, 1, number, 0, 0, 0, 1].into();
        let site: Vec<IpAddr> = (0..1000).map(site).collect();
        assert!(all_places(&hashing, &site).len() <= MAX_PENDING_OF_NETWORK[2]);
    }
}
