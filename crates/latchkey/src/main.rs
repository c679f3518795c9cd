//! The `latchkey` command.

use std::process::ExitCode;

/// Every request allocates some dozens of times, from several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    latchkey::commands::main(std::env::args_os().collect())
}
