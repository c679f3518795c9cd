//! The browser: executes the commands of each tab's engine.

use latchkey_client::engine::{Command, Event, Reply, Stored, TransientError};
use latchkey_client::tokens::{Pending, Tokens};

use super::{Breach, Message, Post, Response, Sent, Simulation, Storage, Tab};

/// How many times a request may be sent: once, and once more after a 401.
const MAX_TIMES_SENT: u8 = 2;

/// Tokens as stored by the client.
pub(super) fn tokens(generation: u64, access: u32) -> Tokens {
    Tokens {
        access_token: access.to_string(),
        refresh_token: format!("{generation:016}"),
        access_expires_at: 0,
        refresh_expires_at: 0,
        access_lifetime: 0,
        account: None,
        bound: false,
        key: None,
        nonce: None,
    }
}

/// The generation of a refresh token.
pub(super) fn generation(refresh_token: &str) -> u64 {
    refresh_token.parse().expect("a generation")
}

fn number(text: &str) -> u32 {
    text.parse().expect("a number")
}

impl Tab {
    fn forget_request(&mut self, request: latchkey_client::engine::RequestId) -> bool {
        let before = self.open.len();
        self.open.retain(|open| open.request != request);
        self.open.len() < before
    }
}

impl Simulation {
    /// Lets a tab process an event and executes the resulting commands.
    pub(super) fn step(&mut self, tab: usize, event: Event) {
        let Tab { engine, view, .. } = &mut self.tabs[tab];
        let stored = view.as_ref().unwrap_or(&self.storage);
        for command in engine.step(event, stored) {
            self.run(tab, command);
        }
    }

    fn run(&mut self, at: usize, command: Command) {
        match command {
            Command::Send {
                request,
                access_token,
            } => self.send(at, request, number(&access_token)),
            Command::Deliver { request } | Command::Fail { request, .. } => {
                if !self.tabs[at].forget_request(request) {
                    self.breach(Breach::ProtocolViolation);
                }
            }
            Command::Lock => {
                if core::mem::replace(&mut self.tabs[at].wants_lock, true) {
                    self.breach(Breach::ProtocolViolation);
                }
            }
            Command::Unlock => self.unlock(at),
            Command::StoreIdempotencyKey(pending) => {
                self.write(at, |stored| stored.pending = Some(pending.clone()));
            }
            Command::RemoveIdempotencyKey => self.write(at, |stored| stored.pending = None),
            Command::Post { refresh_token, key } => {
                self.post(at, generation(&refresh_token), number(&key));
            }
            Command::StoreTokens(tokens) => self.store(at, &tokens),
            Command::RemoveTokens => self.clear(at),
            Command::BackOff { .. } | Command::Report(_) => {}
        }
    }

    fn send(&mut self, at: usize, request: latchkey_client::engine::RequestId, access: u32) {
        let tab = &mut self.tabs[at];
        let may_send = tab.open.iter_mut().find(|open| open.request == request);
        let may_send = may_send.is_some_and(|open| {
            open.times_sent += 1;
            open.times_sent <= MAX_TIMES_SENT
        });
        let is_pending = tab.sent.iter().any(|sent| sent.request == request);
        tab.sent.push(Sent { request, access });
        if !may_send || is_pending {
            self.breach(Breach::ProtocolViolation);
        }
    }

    fn unlock(&mut self, at: usize) {
        if self.holder == Some(at) {
            self.holder = None;
        }
    }

    fn post(&mut self, at: usize, generation: u64, key: u32) {
        self.posts += 1;
        let post = Post {
            id: self.posts,
            generation,
        };
        if self.tabs[at].post.replace(post).is_some() {
            self.breach(Breach::ProtocolViolation);
        }
        self.network.push(Message::Refresh {
            tab: at,
            post: post.id,
            generation,
            key,
            sent_at: self.server.session.generation,
        });
    }

    fn store(&mut self, at: usize, tokens: &Tokens) {
        let goes_back = self
            .stored_generation()
            .is_some_and(|held| generation(&tokens.refresh_token) < held);
        if goes_back && self.rules.storage != Storage::Stale {
            self.breach(Breach::OlderTokensStored);
        }
        self.write(at, |stored| stored.tokens = Some(tokens.clone()));
        self.announce(at);
    }

    fn clear(&mut self, at: usize) {
        let refused = matches!(
            self.processing,
            Some((generation, Response::Refused)) if Some(generation) == self.stored_generation()
        );
        if !refused {
            self.breach(Breach::EndedWithoutRefusal);
        }
        if self.rules.bound || !self.server.thief_acted {
            self.breach(Breach::HonestSignedOut);
        }
        self.write(at, |stored| stored.tokens = None);
        self.announce(at);
    }

    fn write(&mut self, at: usize, change: impl Fn(&mut Stored)) {
        change(&mut self.storage);
        if let Some(view) = &mut self.tabs[at].view {
            change(view);
        }
    }

    /// Sends a storage event to the other tabs.
    fn announce(&mut self, by: usize) {
        for tab in (0..self.tabs.len()).filter(|&tab| tab != by) {
            self.tabs[tab].has_storage_event = true;
            if self.rules.storage == Storage::Prompt {
                self.deliver_storage_event(tab);
            }
        }
    }

    /// Delivers the storage event to a tab.
    pub(super) fn deliver_storage_event(&mut self, tab: usize) {
        self.tabs[tab].has_storage_event = false;
        if let Some(view) = &mut self.tabs[tab].view {
            view.clone_from(&self.storage);
        }
        self.step(tab, Event::StorageChanged);
    }

    pub(super) fn grant(&mut self, tab: usize) {
        self.tabs[tab].wants_lock = false;
        self.holder = Some(tab);
        let fresh_key = self.fresh_key().to_string();
        self.step(tab, Event::LockAcquired { fresh_key });
    }

    /// Delivers the token endpoint's response to a tab, if the tab still waits for it.
    pub(super) fn deliver_response(&mut self, tab: usize, post: u32, response: Response) {
        let waiting = &mut self.tabs[tab].post;
        let Some(waited) = waiting.take_if(|waiting| waiting.id == post) else {
            return;
        };
        let reply = match response {
            Response::Tokens { generation, access } => Reply::Tokens(tokens(generation, access)),
            Response::Superseded => Reply::Superseded,
            Response::Refused => Reply::Refused(None),
            Response::ServerError => Reply::Unavailable(TransientError::ServerError),
            Response::RateLimited => Reply::Unavailable(TransientError::RateLimited {
                retry_after: Some(1),
            }),
        };
        self.processing = Some((waited.generation, response));
        self.step(tab, Event::Replied(reply));
        self.processing = None;
    }

    /// A tab's refresh request times out. The request may still be in the network.
    pub(super) fn time_out(&mut self, tab: usize) {
        if self.tabs[tab].post.take().is_some() {
            self.step(
                tab,
                Event::Replied(Reply::Unavailable(TransientError::Unreachable)),
            );
        }
    }

    /// Closes and reopens a tab, which loses everything that is not in storage.
    pub(super) fn reopen(&mut self, tab: usize) {
        self.unlock(tab);
        let fresh = Tab {
            view: (self.rules.storage == Storage::Stale).then(|| self.storage.clone()),
            ..Tab::default()
        };
        self.tabs[tab] = fresh;
    }

    /// What a thief copies from storage during a refresh: the idempotency key, and the generation of
    /// the refresh token.
    pub(super) fn copy_of_pending(&self) -> Option<(u64, u32)> {
        let held = self.storage.tokens.as_ref()?;
        let pending: &Pending = self.storage.pending.as_ref()?;
        let is_for = pending.is_for(&held.refresh_token);
        is_for.then(|| (generation(&held.refresh_token), number(&pending.key)))
    }
}
