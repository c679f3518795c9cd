//! Tests of the client in headless Chromium, with real storage, locks and timers, but a fake server.

#![cfg(target_arch = "wasm32")]

use wasm_bindgen_test::wasm_bindgen_test_configure;

mod dpop;
mod events;
mod refresh;
mod server;
mod sign_in;
mod sign_out;
mod storage;

wasm_bindgen_test_configure!(run_in_browser);
