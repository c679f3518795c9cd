//! Sign-ins under way: sealed into cookies of the browser, one for each, so that several tabs do
//! not disturb each other and a stranger who begins sign-ins fills nothing here.
//!
//! A sign-in takes one answer. Each server remembers in memory which ones were answered; the store
//! is told of a sign-in only once a provider has vouched for the person.

use latchkey_core::{FlowId, LoginFlow, Timestamp};
use latchkey_tokens::{FlowSeal, MasterKey};

use latchkey_guard::ReplayCache;

/// How many answered sign-ins are remembered: some 10 MB when full.
const REMEMBERED: usize = 100_000;
/// How many sign-ins a browser can have under way. Their cookies, of 1.3 KB at most, must fit into
/// the headers of a request beside those of other programs on the same host.
pub const MAX_PER_BROWSER: usize = 6;

/// A flow as the browser keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedFlow {
    /// Which one, by the cookie's name.
    pub id: FlowId,
    /// The cookie's value.
    pub sealed: String,
}

/// Opens flows, and takes an answer for each once.
#[derive(Debug)]
pub struct Flows {
    seal: FlowSeal,
    answered: ReplayCache<FlowId>,
}

impl Flows {
    /// With a key that servers with the same master key share.
    pub fn new(master: &MasterKey) -> Self {
        Self {
            seal: FlowSeal::new(master),
            answered: ReplayCache::new(REMEMBERED),
        }
    }

    /// Seals the flow of this `state`.
    pub fn seal(&self, state: &str, flow: &LoginFlow) -> SealedFlow {
        let id = FlowSeal::id_of(state);
        let sealed = self.seal.seal(id, flow);
        SealedFlow { id, sealed }
    }

    /// The flow of this `state` among a browser's, unless it has expired.
    pub fn open(
        &self,
        flows: &[SealedFlow],
        state: &str,
        now: Timestamp,
    ) -> Option<(FlowId, LoginFlow)> {
        let id = FlowSeal::id_of(state);
        // A neighbour on this host can put a cookie of the same name beside ours.
        let mut named = flows.iter().filter(|flow| flow.id == id);
        named.find_map(|flow| Some((id, self.live(flow, now)?)))
    }

    /// Takes an answer to this flow; `false` if one was taken before.
    #[must_use]
    pub fn take_answer(&self, id: FlowId, flow: &LoginFlow, now: Timestamp) -> bool {
        self.answered.take(id, flow.expires_at, now)
    }

    /// Which flows of a browser have to go before it gets one more: the oldest beyond the limit. What
    /// cannot be opened stays, as it may be of another Latchkey on this host, at another port.
    pub fn superfluous(&self, flows: &[SealedFlow]) -> Vec<FlowId> {
        let end = |flow: &SealedFlow| self.seal.open(flow.id, &flow.sealed).ok();
        let mut ours: Vec<_> = flows
            .iter()
            .filter_map(|flow| Some((end(flow)?.expires_at, flow.id)))
            .collect();
        ours.sort_unstable_by(|one, other| other.cmp(one));
        ours.dedup();
        let oldest = ours.into_iter().skip(MAX_PER_BROWSER - 1);
        oldest.map(|(_, id)| id).collect()
    }

    /// Frees up to `limit` answered flows that have expired and says how many.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        self.answered.sweep(now, limit)
    }

    fn live(&self, flow: &SealedFlow, now: Timestamp) -> Option<LoginFlow> {
        let opened = self.seal.open(flow.id, &flow.sealed).ok()?;
        (now < opened.expires_at).then_some(opened)
    }
}
