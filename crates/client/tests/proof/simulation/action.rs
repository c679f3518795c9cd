//! The actions of the simulation.

use core::time::Duration;

use latchkey_client::engine::{Cause, Event, RequestId};

use super::{Message, Open, Party, Response, Simulation, Thief, ThiefKey};

/// An action. A `message` is an index into the messages in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// A tab starts a request. `stale` means that its access token has expired.
    Begin { tab: usize, stale: bool },
    /// The API responds to a tab's oldest request.
    Respond { tab: usize },
    /// The caller of a tab's oldest request stops waiting.
    Abandon { tab: usize },
    /// A manual refresh.
    Refresh { tab: usize },
    /// A refresh ahead of expiry, requested by a timer.
    RefreshAhead { tab: usize },
    /// The backoff is over, or the browser reports that it is online.
    Retry { tab: usize },
    /// A tab acquires the lock without stealing it.
    Grant { tab: usize },
    /// A tab steals the lock.
    Steal { tab: usize },
    /// A message arrives: the server decides and responds, or the tab processes the response.
    Arrive { message: usize },
    /// A message arrives, and a duplicate stays in the network.
    ArriveTwice { message: usize },
    /// The server responds with 503 or 429 instead of deciding.
    Decline { message: usize, rate_limited: bool },
    /// A message is lost.
    Lose { message: usize },
    /// A tab's refresh request times out.
    TimeOut { tab: usize },
    /// A tab is closed in any state and opened again.
    Reopen { tab: usize },
    /// A tab receives its storage event.
    Sync { tab: usize },
    /// Every access token issued so far expires.
    Expire,
    /// The server's clock advances.
    Pass { millis: u32 },
    /// The server's clock is set back.
    SetBack { millis: u32 },
    /// The server restarts and all connections break.
    Restart,
    /// The store is backed up.
    Backup,
    /// The server restarts with the backup and all connections break.
    Restore,
    /// The backup is restored while messages are in the network; they arrive afterwards.
    RestoreUnderLoad,
    /// The thief copies storage, with or without the pending key.
    Copy { pending: bool },
    /// The thief presents the copied refresh token.
    Use { key: ThiefKey },
}

impl Simulation {
    /// Performs an action. An action that is not possible now has no effect.
    pub(crate) fn act(&mut self, action: Action) {
        match action {
            Action::Begin { tab, stale } => self.begin(tab, stale),
            Action::Respond { tab } => self.respond(tab),
            Action::Abandon { tab } => self.abandon(tab),
            Action::Refresh { tab } => self.step(tab, Event::RefreshRequested(Cause::Manual)),
            Action::RefreshAhead { tab } => {
                self.step(tab, Event::RefreshRequested(Cause::Automatic));
            }
            Action::Retry { tab } => self.step(tab, Event::RetryDue),
            Action::Grant { tab } if self.can_lock(tab) => self.grant(tab),
            Action::Steal { tab } if self.tabs[tab].wants_lock => self.grant(tab),
            Action::Grant { .. } | Action::Steal { .. } => {}
            Action::Arrive { message } => {
                let message = self.network.swap_remove(message);
                self.arrive(message);
            }
            Action::ArriveTwice { message } => self.arrive(self.network[message]),
            Action::Decline {
                message,
                rate_limited,
            } => self.decline(message, rate_limited),
            Action::Lose { message } => drop(self.network.swap_remove(message)),
            Action::TimeOut { tab } => self.time_out(tab),
            Action::Reopen { tab } => self.reopen(tab),
            Action::Sync { tab } => self.deliver_storage_event(tab),
            Action::Expire => self.server.expire(),
            Action::Pass { millis } => self.pass(Duration::from_millis(millis.into())),
            Action::SetBack { millis } => {
                let back = Duration::from_millis(millis.into());
                self.server.now = self.server.now.minus(back);
            }
            Action::Restart => self.network.clear(),
            Action::Backup => self.server.backup = Some(self.server.session.clone()),
            Action::Restore => {
                self.network.clear();
                self.restore();
            }
            Action::RestoreUnderLoad => self.restore(),
            Action::Copy { pending } => self.copy(pending),
            Action::Use { key } => self.use_copy(key),
        }
    }

    fn begin(&mut self, tab: usize, stale: bool) {
        self.requests += 1;
        let request = RequestId(self.requests);
        self.tabs[tab].open.push(Open {
            request,
            times_sent: 0,
        });
        self.step(tab, Event::RequestStarted { request, stale });
    }

    fn respond(&mut self, tab: usize) {
        if self.tabs[tab].sent.is_empty() {
            return;
        }
        let sent = self.tabs[tab].sent.remove(0);
        let received = Event::ResponseReceived {
            request: sent.request,
            unauthorized: !self.server.accepts(sent.access),
        };
        self.step(tab, received);
    }

    fn abandon(&mut self, tab: usize) {
        if self.tabs[tab].open.is_empty() {
            return;
        }
        let Open { request, .. } = self.tabs[tab].open.remove(0);
        self.tabs[tab].sent.retain(|sent| sent.request != request);
        self.step(tab, Event::RequestDropped { request });
    }

    pub(super) fn arrive(&mut self, message: Message) {
        match message {
            Message::Refresh {
                tab,
                post,
                generation,
                key,
                sent_at,
            } => {
                let rotations = self.server.session.generation.saturating_sub(sent_at);
                if rotations > self.rules.max_delay {
                    return;
                }
                let response = self.rotate(Party::Owner, generation, Some(key));
                self.reply(tab, post, response);
            }
            Message::Response {
                tab,
                post,
                response,
            } => self.deliver_response(tab, post, response),
        }
    }

    /// Sends a response if the tab is still waiting for it.
    fn reply(&mut self, tab: usize, post: u32, response: Response) {
        if self.tabs[tab]
            .post
            .is_some_and(|waiting| waiting.id == post)
        {
            self.network.push(Message::Response {
                tab,
                post,
                response,
            });
        }
    }

    fn decline(&mut self, message: usize, rate_limited: bool) {
        if let Message::Refresh { tab, post, .. } = self.network.swap_remove(message) {
            let response = if rate_limited {
                Response::RateLimited
            } else {
                Response::ServerError
            };
            self.reply(tab, post, response);
        }
    }

    fn restore(&mut self) {
        if let Some(backup) = self.server.backup.clone() {
            self.server.session = backup;
            self.server.restored = self.server.restored.saturating_add(1);
        }
    }

    fn copy(&mut self, pending: bool) {
        if let Some(generation) = self.stored_generation() {
            let pending = self.copy_of_pending().filter(|_| pending);
            self.thief = Some(Thief {
                generation,
                pending,
            });
        }
    }

    pub(super) fn use_copy(&mut self, key: ThiefKey) {
        let Some(mut thief) = self.thief else { return };
        let own = Some(self.fresh_key());
        let key = match key {
            ThiefKey::Own => own,
            ThiefKey::None => None,
            ThiefKey::Copied => match thief.pending {
                Some((generation, key)) if generation == thief.generation => Some(key),
                _ => own,
            },
        };
        if let Response::Tokens { generation, .. } =
            self.rotate(Party::Thief, thief.generation, key)
        {
            thief.generation = generation;
            self.thief = Some(thief);
        }
    }
}
