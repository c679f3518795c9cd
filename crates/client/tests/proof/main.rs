//! The proof of the refresh protocol: a simulation of the client's real engine and the server's
//! real decision, with tabs, an unreliable network, a clock that jumps, a server that restarts or
//! is restored from a backup, and a thief.
//!
//! | module | contents |
//! |---|---|
//! | [`exhaustive`] | visits every state of small simulations (model checking) |
//! | [`random`] | runs 100,000 random schedules with up to twenty tabs |
//! | [`long_run`] | two tabs refresh ten thousand times each and lose responses; planted thieves |
//! | [`limits`] | where the guarantees end: the shortest schedule that breaks each one |
//!
//! [`simulation::Breach`] lists the violations that every state is checked for. A random schedule that
//! fails prints its seed and the command that runs it again with each action logged.

#![cfg(not(target_arch = "wasm32"))]

mod exhaustive;
mod limits;
mod long_run;
mod random;
mod simulation;
