//! A user with several devices, whom an operator may ban.

use std::sync::atomic::Ordering;
use std::sync::{Arc, atomic::AtomicBool};

use super::device::Device;
use super::session::{Ended, Session};
use super::stats::{Operation, Stats};
use super::transport::CutOff;
use fastrand::Rng;
use latchkey_testing::ApiClient;

/// Number of devices per user.
const DEVICES: usize = 3;

#[derive(Debug)]
pub(super) struct User {
    pub(super) email: String,
    pub(super) devices: Vec<Device>,
    /// Whether an operator has started to ban the user.
    pub(super) banning: Arc<AtomicBool>,
    /// Whether the ban was acknowledged.
    pub(super) banned: bool,
    /// How many sessions may exist that no device knows of.
    unknown: usize,
}

impl User {
    pub(super) fn new(email: String, rng: &mut Rng) -> Self {
        Self {
            email,
            devices: (0..DEVICES)
                .map(|index| Device::new(rng.u64(..), index == 0))
                .collect(),
            banning: Arc::default(),
            banned: false,
            unknown: 0,
        }
    }

    /// Checks the ban, every device and the session list after a restart. True if the user is
    /// banned.
    pub(super) async fn settle(
        &mut self,
        caller: &ApiClient,
        stats: &Stats,
    ) -> Result<bool, CutOff> {
        let cut_off = self
            .devices
            .iter()
            .filter(|device| device.may_have_signed_in());
        self.unknown += cut_off.count();
        if self.banning.swap(false, Ordering::SeqCst) && self.is_banned(caller).await? {
            if !self.banned {
                stats.done(Operation::Ban);
            }
            for device in &mut self.devices {
                device.end("banned");
            }
            return Ok(true);
        }
        assert!(!self.banned, "LOST: the ban of {}", self.email);
        for device in &mut self.devices {
            device.settle(caller, stats).await?;
        }
        self.assert_session_list(caller).await.map(|()| false)
    }

    /// Whether a sign-in is refused. If it succeeds, signs out again.
    async fn is_banned(&self, caller: &ApiClient) -> Result<bool, CutOff> {
        let Some(session) = Session::open(caller, &self.email).await? else {
            return Ok(true);
        };
        assert!(session.log_out(caller).await?, "a new session was refused");
        Ok(false)
    }

    /// Asserts that the session list has every live session, no ended one, and at most as many
    /// others as there were interrupted sign-ins.
    async fn assert_session_list(&self, caller: &ApiClient) -> Result<(), CutOff> {
        let mut live = self.devices.iter().filter_map(Device::session);
        let Some(first) = live.clone().next() else {
            return Ok(());
        };
        let listed = first.siblings(caller).await?;
        let number = live.clone().count();
        let missing = live.find(|session| !listed.contains(&session.id));
        assert!(missing.is_none(), "LOST: {missing:?} is not listed");
        let surplus = listed.len() - number;
        assert!(
            surplus <= self.unknown,
            "{surplus} unexpected sessions: {self:?}"
        );
        let mut ended = self.devices.iter().flat_map(|device| &device.ended);
        let back = ended.find(|ended| listed.contains(&ended.id));
        assert!(back.is_none(), "LOST: {back:?} is listed");
        Ok(())
    }

    /// The sessions that ended since the last call.
    pub(super) fn take_ended(&mut self) -> Vec<Ended> {
        let devices = self.devices.iter_mut();
        devices
            .flat_map(|device| std::mem::take(&mut device.ended))
            .collect()
    }
}

/// Asserts that this user is still banned.
pub(super) async fn assert_still_banned(caller: &ApiClient, email: &str) -> Result<(), CutOff> {
    let opened = Session::open(caller, email).await?;
    assert!(opened.is_none(), "LOST: the ban of {email}: {opened:?}");
    Ok(())
}
