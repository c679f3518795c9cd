//! Fuzzes `latchkey_axum::fuzzing::json_body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    latchkey_axum::fuzzing::json_body(input);
});
