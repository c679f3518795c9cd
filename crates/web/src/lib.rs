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
mod begun;
mod components;
mod device;
mod page_data;
mod pages;
mod piece;
mod sentences;
mod session;
mod shape;
mod time;
mod timeline;

#[cfg(feature = "ssr")]
mod notices;
#[cfg(feature = "ssr")]
pub mod shell;
#[cfg(feature = "hydrate")]
mod start;

pub use app::App;
pub use page_data::PageData;
#[cfg(feature = "hydrate")]
pub use start::start;

/// The id and the class of the app's element. The app has one to itself: what others put into the
/// body is in nobody's way.
const ELEMENT: &str = "app";
