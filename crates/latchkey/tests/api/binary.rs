//! The real `latchkey`, as a process.

mod backup;
mod bad_input;
mod certificate;
mod commands;
mod crash;
mod damage;
#[cfg(target_os = "linux")]
mod durable;
#[cfg(target_os = "linux")]
mod failing_disk;
#[cfg(target_os = "linux")]
mod faked_clock;
mod first_start;
mod full_disk;
mod json;
mod operate;
mod process;
mod provider;
mod refusals;
#[cfg(target_os = "linux")]
mod traced;
mod used;

pub(crate) use process::{Running, arguments, finished, latchkey};
