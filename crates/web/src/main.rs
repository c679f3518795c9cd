//! The entry in the browser: takes over the page that the server rendered.

// As in the library: views are nested tuples.
#![recursion_limit = "512"]

fn main() {
    leptos::mount::hydrate_body(latchkey_web::App);
}
