//! The proof of the refresh protocol: the real engine of the browser and the real decision of the
//! server in one world, with tabs, a network that fails, a clock that jumps, a server that
//! restarts or is restored from a backup, and a thief.
//!
//! | room | what it does |
//! |---|---|
//! | [`exhaustive`] | visits every state of small worlds |
//! | [`random`] | 100,000 random schedules with up to twenty tabs |
//! | [`long_run`] | two tabs, ten thousand refreshes each, replies lost; planted thieves |
//! | [`limits`] | where the guarantees end, each end shown by the schedule that reaches it |
//!
//! What is looked for in every state is named in [`world::Breach`]. A failed random schedule
//! prints its seed and the command that runs it again, action by action.

#![cfg(not(target_arch = "wasm32"))]

mod exhaustive;
mod limits;
mod long_run;
mod random;
mod world;
