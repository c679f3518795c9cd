//! Tests of the real `latchkey` binary, run as a process.

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
mod local_accounts;
mod operate;
mod process;
mod provider;
mod refusals;
mod request_id;
mod seeded_data_dir;
#[cfg(target_os = "linux")]
mod traced;

pub(crate) use process::{RunningServer, arguments, latchkey, run};
