//! The entry in the browser; see `start` in the library.

// As in the library: views are nested tuples.
#![recursion_limit = "512"]

fn main() {
    latchkey_web::start();
}
