//! Fuzzes `latchkey_axum::fuzzing::forwarded_for`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    latchkey_axum::fuzzing::forwarded_for(input);
});
