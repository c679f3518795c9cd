//! The pages of Latchkey.
//!
//! There are two builds of [`App`]. With the feature `ssr` the server renders every page, so that the
//! first paint and the sign-in links need no script. With `hydrate` the browser hydrates the rendered
//! page.
//!
//! Elements are built with the functions of `leptos::html`, not with `view!`. The macro turns static
//! markup into text for `innerHTML`, which the Content-Security-Policy forbids in the browser (Trusted
//! Types without any policy). `view!` is used for components only.

#![expect(
    unreachable_pub,
    reason = "`#[component]` generates items that are more visible than the component"
)]

pub mod app;
pub mod auth_client;
pub mod components;
pub mod device;
pub mod erased;
mod fetched;
mod last_login;
mod messages;
mod page_data;
mod pages;
mod session;
mod shape;
mod step_up;
pub mod time;
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
