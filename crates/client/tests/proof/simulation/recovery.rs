//! Recovery: once everything works again, all requests must complete and a thief must be caught.

use super::{Action, Breach, Message, Simulation, ThiefKey};

/// Enough rounds for every tab to proceed more than once.
const ROUNDS: usize = 12;

impl Simulation {
    /// Drops all messages in the network, then lets every tab complete its requests over a working
    /// network.
    pub(crate) fn quiesce(&mut self) {
        self.network.clear();
        for _ in 0..ROUNDS {
            if self.is_settled() {
                return;
            }
            for tab in 0..self.tabs.len() {
                self.settle_tab(tab);
            }
            // The next round starts after the reuse leeway.
            self.server.pass_leeway();
        }
        if !self.is_settled() {
            self.breach(Breach::RequestStuck);
        }
    }

    fn settle_tab(&mut self, tab: usize) {
        if self.tabs[tab].has_storage_event || self.tabs[tab].view.is_some() {
            self.deliver_storage_event(tab);
        }
        self.time_out(tab);
        if self.tabs[tab].engine.is_backing_off() {
            self.act(Action::Retry { tab });
        }
        // A refresh may cause another one immediately.
        for _ in 0..3 {
            self.act(Action::Grant { tab });
            while let Some(message) = self.network.pop() {
                self.arrive(message);
            }
        }
        while !self.tabs[tab].sent.is_empty() {
            self.act(Action::Respond { tab });
        }
    }

    fn is_settled(&self) -> bool {
        self.tabs.iter().all(|tab| {
            let engine = &tab.engine;
            tab.open.is_empty() && !engine.is_refreshing() && !engine.is_backing_off()
        })
    }

    /// Thief and owner keep refreshing in turn, each time after the reuse leeway: the session must
    /// end. A bound session must stay active.
    pub(crate) fn let_both_keep_refreshing(&mut self) {
        if self.thief.is_none() || !self.server.session.status.is_live() {
            return;
        }
        // After a restore, the server may tolerate the first reuse, and the session may be live
        // again although its owner has been signed out.
        let restored = self.server.restored > 0;
        if restored && !self.is_signed_in() {
            return;
        }
        for _ in 0..=usize::from(restored) {
            self.server.pass_leeway();
            self.use_copy(ThiefKey::Own);
            self.server.pass_leeway();
            self.act(Action::Refresh { tab: 0 });
            self.quiesce();
        }
        if !self.rules.bound && self.server.session.status.is_live() {
            self.breach(Breach::ThiefNotCaught);
        }
    }

    /// Sorts the messages, so that states that differ only in their order are equal.
    pub(crate) fn sort_network(&mut self) {
        self.network.sort_unstable();
    }

    /// Whether the message at this index is a refresh request.
    pub(crate) fn is_request(&self, message: usize) -> bool {
        matches!(self.network[message], Message::Refresh { .. })
    }
}
