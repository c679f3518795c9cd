//! Fuzzes `latchkey_tokens::fuzzing::access_token`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    latchkey_tokens::fuzzing::access_token(input);
});
