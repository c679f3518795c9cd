//! The real `latchkey`, as a process.

mod bad_input;
mod commands;
mod crash;
mod damage;
mod full_disk;
mod operate;
mod process;
mod used;

pub(crate) use process::{Running, arguments, latchkey};
