//! Fuzzes `latchkey_tokens::fuzzing::dpop_proof`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    latchkey_tokens::fuzzing::dpop_proof(input);
});
