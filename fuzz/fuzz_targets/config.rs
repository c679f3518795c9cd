//! Fuzzes `latchkey::config::fuzzing::config`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    latchkey::config::fuzzing::config(input);
});
