//! Fuzzes `latchkey_axum::fuzzing::form_body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    latchkey_axum::fuzzing::form_body(input);
});
