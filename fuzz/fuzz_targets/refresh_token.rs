//! Fuzzes `latchkey_tokens::fuzzing::refresh_token`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    latchkey_tokens::fuzzing::refresh_token(input);
});
