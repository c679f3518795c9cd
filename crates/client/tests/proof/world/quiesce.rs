//! All is well again: what must then come to an end, and who must then be caught.

use super::{Action, Breach, Message, ThiefKey, World};

/// Enough for every tab to have its turn more than once.
const ROUNDS: usize = 12;

impl World {
    /// The network is well, timers go off, everyone has time. What was on its way is lost.
    pub(crate) fn quiesce(&mut self) {
        self.network.clear();
        for _ in 0..ROUNDS {
            if self.is_settled() {
                return;
            }
            for tab in 0..self.tabs.len() {
                self.calm_tab(tab);
            }
            // Whoever still has to wait waits for longer than the grace.
            self.server.leave_grace();
        }
        if !self.is_settled() {
            self.breach(Breach::LeftWaiting);
        }
    }

    fn calm_tab(&mut self, tab: usize) {
        if self.tabs[tab].news || self.tabs[tab].view.is_some() {
            self.tell(tab);
        }
        self.time_out(tab);
        if self.tabs[tab].engine.is_backing_off() {
            self.act(Action::Due { tab });
        }
        // A refresh may ask for another one at once.
        for _ in 0..3 {
            self.act(Action::Grant { tab });
            while let Some(message) = self.network.pop() {
                self.arrive(message);
            }
        }
        while !self.tabs[tab].sent.is_empty() {
            self.act(Action::Answer { tab });
        }
    }

    fn is_settled(&self) -> bool {
        self.tabs.iter().all(|tab| {
            let engine = &tab.engine;
            tab.open.is_empty() && !engine.is_refreshing() && !engine.is_backing_off()
        })
    }

    /// Thief and owner go on refreshing in turn, each time past the grace: the session must end.
    /// If it is bound, nothing must happen to the owner.
    pub(crate) fn let_both_go_on(&mut self) {
        if self.thief.is_none() || !self.server.session.status.is_live() {
            return;
        }
        // A restored record may forgive the first time; and it may bring a session to life that
        // its owner has seen the end of.
        let restored = self.server.restored > 0;
        if restored && !self.is_signed_in() {
            return;
        }
        for _ in 0..=usize::from(restored) {
            self.server.leave_grace();
            self.use_copy(ThiefKey::Own);
            self.server.leave_grace();
            self.act(Action::Ask { tab: 0 });
            self.quiesce();
        }
        if !self.rules.bound && self.server.session.status.is_live() {
            self.breach(Breach::ThiefNotCaught);
        }
    }

    /// Puts the messages in an order that does not tell how they came about.
    pub(crate) fn tidy_network(&mut self) {
        self.network.sort_unstable();
    }

    /// The places of the refresh requests on their way.
    pub(crate) fn is_request(&self, message: usize) -> bool {
        matches!(self.network[message], Message::Refresh { .. })
    }
}
