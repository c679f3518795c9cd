//! The client in a real browser: its storage, its locks, its timers, over a server of a few
//! lines. Runs in headless Chromium.

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
