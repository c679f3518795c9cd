//! One file per page.

pub(crate) mod account;
pub(crate) mod callback;
pub(crate) mod not_found;
pub(crate) mod playground;
pub(crate) mod sign_in;

/// The paths that the router knows; any other local path is fetched from the server.
const PATHS: [&str; 3] = ["/", "/account", "/playground"];

/// Goes to a local path in place of the present page.
fn go_on_to(navigate: &impl Fn(&str, leptos_router::NavigateOptions), path: &str) {
    let page = path.split(['?', '#']).next().unwrap_or(path);
    if PATHS.contains(&page) {
        let options = leptos_router::NavigateOptions {
            replace: true,
            ..Default::default()
        };
        navigate(path, options);
    } else {
        let _ = leptos::prelude::window().location().replace(path);
    }
}
