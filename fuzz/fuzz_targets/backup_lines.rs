//! Fuzzes `latchkey_axum::backup::fuzzing::backup_lines`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    latchkey_axum::backup::fuzzing::backup_lines(input);
});
