//! The `latchkey` command.

use std::process::ExitCode;

/// Replaces the system allocator, because each request makes dozens of allocations, and requests
/// run on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    latchkey::commands::main(std::env::args_os().collect())
}
