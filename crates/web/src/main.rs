//! The entry in the browser: takes over the page that the server rendered.

fn main() {
    leptos::mount::hydrate_body(latchkey_web::App);
}
