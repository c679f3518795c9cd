//! Type-erased views: code behind one of these functions is compiled once, however it is nested.
//!
//! On the server, [`erased`] and [`client_only`] are Leptos' `into_any`. In the browser they first wrap
//! the view in a type of this crate, so that `into_any` is compiled for that type only and not for
//! every view. The cost is that a changed view is replaced instead of being compared with the previous
//! one. Elements are hydrated without an async state machine, which only lazily loaded code needs. A
//! [`client_only`] view has no hydration code. [`dynamic`] and [`dynamic_text`] each return closures
//! of a single type.
//!
//! Size of the WebAssembly in bytes on 2026-11-30, as built and compressed with brotli. Measured with
//! `cargo build -p latchkey-web --no-default-features --features hydrate --profile wasm --target
//! wasm32-unknown-unknown`, `wasm-bindgen --target web`, `wasm-opt -Oz` and brotli at quality 11, which
//! is what `cargo xtask dist` runs and prints:
//!
//! | the same pages with | as built | compressed |
//! |---|---:|---:|
//! | `into_any()` in `erased` and `client_only` | 905,544 | 288,083 |
//! | the same and `RUSTFLAGS="--cfg erase_components"` | 884,643 | 270,845 |
//! | this file | 723,375 | 234,821 |

use std::sync::Arc;

use leptos::prelude::*;

/// Hides the type of a view.
pub fn erased(view: impl IntoView + 'static) -> AnyView {
    #[cfg(feature = "hydrate")]
    return boxed::Boxed::new(view.into_view()).into_any();
    #[cfg(not(feature = "hydrate"))]
    view.into_any()
}

/// Hides the type of a view that the server never renders, because it depends on a session, a response
/// or a click.
pub fn client_only(view: impl IntoView + 'static) -> AnyView {
    #[cfg(feature = "hydrate")]
    return boxed::Boxed::client_only(view.into_view()).into_any();
    #[cfg(not(feature = "hydrate"))]
    view.into_any()
}

/// A view that changes with the signals it reads.
pub fn dynamic(view: impl Fn() -> AnyView + Send + Sync + 'static) -> impl IntoView {
    let view: Arc<dyn Fn() -> AnyView + Send + Sync> = Arc::new(view);
    move || view()
}

/// Text that changes with the signals it reads.
pub fn dynamic_text(text: impl Fn() -> String + Send + Sync + 'static) -> impl IntoView {
    let text: Arc<dyn Fn() -> String + Send + Sync> = Arc::new(text);
    move || text()
}

/// An empty view.
pub fn empty() -> AnyView {
    ().into_any()
}

#[cfg(feature = "hydrate")]
mod boxed;
