//! The browser's settings.

use super::*;

#[test]
fn the_browser_of_this_machine_is_put_in() {
    let settings = json!({"goog:chromeOptions": {"args": ["--headless=new"], "binary": "/old"}});
    let expected = json!({"goog:chromeOptions": {"args": ["--headless=new"], "binary": "/new"}});
    assert_eq!(with_browser(settings, Path::new("/new")), Some(expected));
    assert_eq!(with_browser(json!({}), Path::new("/new")), None);
}
