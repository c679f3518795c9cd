//! The pages of Latchkey.
//!
//! One [`App`], two builds of it: with the feature `ssr` the server renders every page, so that
//! the first paint and the sign-in link need no script; with `hydrate` the browser takes the
//! rendered page over.
//!
//! Elements are built with `leptos::html`, not with `view!`: the macro turns markup that never
//! changes into text for `innerHTML`, which the server's Content-Security-Policy (Trusted Types,
//! no policy allowed) forbids in the browser. `view!` is fine for components.

// Views are nested tuples; the compiler follows them further than it does by default.
#![recursion_limit = "512"]

pub mod app;
mod components;
mod device;
mod page_data;
mod pages;
mod piece;
mod sentences;
mod session;
mod time;
mod timeline;

#[cfg(feature = "ssr")]
pub mod shell;

pub use app::App;
pub use page_data::PageData;
