//! The pages of Latchkey.
//!
//! One [`App`], two builds of it: with the feature `ssr` the server renders every page, so that
//! the first paint and the sign-in link need no script; with `hydrate` the browser takes over the
//! rendered page.
//!
//! Elements are built with the functions of `leptos::html`, not with `view!`: the macro turns static
//! markup into text for `innerHTML`, which the server's Content-Security-Policy (Trusted Types
//! without any policy) forbids in the browser. `view!` is fine for components.

#![expect(
    unreachable_pub,
    reason = "`#[component]` widens the visibility of what it makes of a component"
)]

pub mod app;
pub mod auth_client;
mod components;
mod device;
mod erased;
mod fetched;
mod last_login;
mod messages;
mod page_data;
mod pages;
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
