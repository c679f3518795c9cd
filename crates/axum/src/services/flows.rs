//! Sign-ins in progress. Each is sealed into its own cookie, so that several tabs do not interfere
//! with each other and a client that only starts sign-ins uses no memory here.
//!
//! A flow accepts one authorization response. Each server remembers the used flows in memory. The
//! store records a flow after a provider has authenticated the user.

use latchkey_core::{FlowId, LoginFlow, Timestamp};
use latchkey_guard::ReplayCache;
use latchkey_tokens::{FlowSeal, MasterKey};

/// How many used flows are remembered: about 10 MB when full.
const MAX_USED_FLOWS: usize = 100_000;
/// How many sign-ins a browser can have in progress. Their cookies, of up to 1.3 KB each, must fit
/// into the request headers beside the cookies of other applications on the same host.
pub const MAX_PER_BROWSER: usize = 6;

/// A flow as it is stored in a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedFlow {
    /// The flow's id, from the cookie's name.
    pub id: FlowId,
    /// The cookie's value.
    pub sealed: String,
}

/// Seals and opens flows, and lets each be used once.
#[derive(Debug)]
pub struct Flows {
    seal: FlowSeal,
    used: ReplayCache<FlowId>,
}

impl Flows {
    /// Derives the sealing key, so that servers with the same master key can open each other's
    /// flows.
    pub fn new(master: &MasterKey) -> Self {
        Self {
            seal: FlowSeal::new(master),
            used: ReplayCache::new(MAX_USED_FLOWS),
        }
    }

    /// Seals the flow that this `state` identifies.
    pub fn seal(&self, state: &str, flow: &LoginFlow) -> SealedFlow {
        let id = FlowSeal::id_of(state);
        let sealed = self.seal.seal(id, flow);
        SealedFlow { id, sealed }
    }

    /// Finds and opens the flow that this `state` identifies; `None` if it is missing or expired.
    pub fn open(
        &self,
        flows: &[SealedFlow],
        state: &str,
        now: Timestamp,
    ) -> Option<(FlowId, LoginFlow)> {
        let id = FlowSeal::id_of(state);
        // Another application on this host can set a second cookie with the same name.
        let mut candidates = flows.iter().filter(|flow| flow.id == id);
        candidates.find_map(|flow| Some((id, self.open_live(flow, now)?)))
    }

    /// Marks this flow as used; `false` if it was used before on this server.
    #[must_use]
    pub fn use_once(&self, id: FlowId, flow: &LoginFlow, now: Timestamp) -> bool {
        self.used.use_once(id, flow.expires_at, now)
    }

    /// The flows to delete before a browser starts another sign-in: the oldest beyond the limit.
    /// Cookies that cannot be opened are not included: they may belong to another Latchkey on another
    /// port.
    pub fn excess(&self, flows: &[SealedFlow]) -> Vec<FlowId> {
        let open = |flow: &SealedFlow| self.seal.open(flow.id, &flow.sealed).ok();
        let mut ours: Vec<_> = flows
            .iter()
            .filter_map(|flow| Some((open(flow)?.expires_at, flow.id)))
            .collect();
        ours.sort_unstable_by(|one, other| other.cmp(one));
        ours.dedup();
        let oldest = ours.into_iter().skip(MAX_PER_BROWSER - 1);
        oldest.map(|(_, id)| id).collect()
    }

    /// Forgets up to `limit` used flows that have expired, and returns how many.
    pub fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        self.used.sweep(now, limit)
    }

    fn open_live(&self, flow: &SealedFlow, now: Timestamp) -> Option<LoginFlow> {
        let opened = self.seal.open(flow.id, &flow.sealed).ok()?;
        (now < opened.expires_at).then_some(opened)
    }
}
