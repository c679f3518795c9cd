//! Fuzzes `latchkey_axum::fuzzing::user_agent`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    latchkey_axum::fuzzing::user_agent(input);
});
