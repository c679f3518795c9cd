//! The real `latchkey`, as a process.

mod backup;
mod bad_input;
mod commands;
mod damage;
mod faked_clock;
mod full_disk;
mod kill;
mod operate;
mod process;
mod used;

pub(crate) use process::{Running, arguments, latchkey};
