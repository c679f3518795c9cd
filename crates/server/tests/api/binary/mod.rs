//! The real `latchkey`, as a process.

mod bad_input;
mod commands;
mod full_disk;
mod kill;
mod process;

pub(crate) use process::{Running, arguments, latchkey};
