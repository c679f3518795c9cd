//! The entry point in the browser; see `start` in the library.

fn main() {
    latchkey_web::start();
}
