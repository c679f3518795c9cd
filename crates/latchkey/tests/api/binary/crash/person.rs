//! An account with several devices, and what an operator does to it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, atomic::AtomicBool};

use super::device::Device;
use super::session::{Ended, Session};
use super::tally::{Act, Tally};
use super::wire::CutOff;
use fastrand::Rng;
use latchkey_testing::ApiClient;

/// How many devices a person has.
const DEVICES: usize = 3;

#[derive(Debug)]
pub(super) struct Person {
    pub(super) email: String,
    pub(super) devices: Vec<Device>,
    /// Whether an operator began to ban the person.
    pub(super) banning: Arc<AtomicBool>,
    /// Whether the operator was told that it is done.
    pub(super) banned: bool,
    /// How many sessions there may be that no device knows of.
    unknown: usize,
}

impl Person {
    pub(super) fn new(email: String, rng: &mut Rng) -> Self {
        Self {
            email,
            devices: (0..DEVICES)
                .map(|place| Device::new(rng.u64(..), place == 0))
                .collect(),
            banning: Arc::default(),
            banned: false,
            unknown: 0,
        }
    }

    /// Looks at everything after the restart. True if the person is banned.
    pub(super) async fn settle(
        &mut self,
        caller: &ApiClient,
        tally: &Tally,
    ) -> Result<bool, CutOff> {
        let cut_off = self
            .devices
            .iter()
            .filter(|device| device.may_have_signed_in());
        self.unknown += cut_off.count();
        if self.banning.swap(false, Ordering::SeqCst) && self.is_banned(caller).await? {
            if !self.banned {
                tally.done(Act::Ban);
            }
            for device in &mut self.devices {
                device.end("banned");
            }
            return Ok(true);
        }
        assert!(!self.banned, "LOST: the ban of {}", self.email);
        for device in &mut self.devices {
            device.settle(caller, tally).await?;
        }
        self.list_is_true(caller).await.map(|()| false)
    }

    /// Tries to sign in; leaves no session behind.
    async fn is_banned(&self, caller: &ApiClient) -> Result<bool, CutOff> {
        let Some(session) = Session::open(caller, &self.email).await? else {
            return Ok(true);
        };
        assert!(session.log_out(caller).await?, "a fresh session is refused");
        Ok(false)
    }

    /// The list of sessions has all that live, none that ended, and at most as many others as
    /// sign-ins were cut off.
    async fn list_is_true(&self, caller: &ApiClient) -> Result<(), CutOff> {
        let mut living = self.devices.iter().filter_map(Device::session);
        let Some(first) = living.clone().next() else {
            return Ok(());
        };
        let listed = first.siblings(caller).await?;
        let number = living.clone().count();
        let missing = living.find(|session| !listed.contains(&session.id));
        assert!(missing.is_none(), "LOST: {missing:?} is not listed");
        let surplus = listed.len() - number;
        assert!(
            surplus <= self.unknown,
            "{surplus} sessions from nowhere: {self:?}"
        );
        let mut ended = self.devices.iter().flat_map(|device| &device.ended);
        let back = ended.find(|ended| listed.contains(&ended.id));
        assert!(back.is_none(), "LOST: {back:?} is listed");
        Ok(())
    }

    /// The sessions that ended since this was asked.
    pub(super) fn take_ended(&mut self) -> Vec<Ended> {
        let devices = self.devices.iter_mut();
        devices
            .flat_map(|device| std::mem::take(&mut device.ended))
            .collect()
    }
}

/// Whether this address is of a banned account: nobody can sign in with it.
pub(super) async fn stays_out(caller: &ApiClient, email: &str) -> Result<(), CutOff> {
    let opened = Session::open(caller, email).await?;
    assert!(opened.is_none(), "LOST: the ban of {email}: {opened:?}");
    Ok(())
}
