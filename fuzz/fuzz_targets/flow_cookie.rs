//! Fuzzes `latchkey_axum::fuzzing::flow_cookie`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    latchkey_axum::fuzzing::flow_cookie(input);
});
