//! Times, names and other values as text, and the elements that show them.

use latchkey_client::wall_clock;
use latchkey_types::admin::AdminUser;
use latchkey_web::components::relative_time::{relative_time, use_coarse_now};
use latchkey_web::erased::client_only;
use leptos::html::{a, span};
use leptos::prelude::*;

use crate::route::Route;

/// The current time in seconds since 1970.
pub(crate) fn now() -> u64 {
    wall_clock() / 1000
}

/// A context with the current time, so that all times on a page share one timer.
#[derive(Clone, Copy)]
struct Now(ReadSignal<u64>);

/// Provides the time that [`when`] refers to.
pub(crate) fn provide_now() {
    provide_context(Now(use_coarse_now()));
}

/// A time relative to now, with the exact one as a tooltip.
pub(crate) fn when(seconds: u64) -> AnyView {
    relative_time(expect_context::<Now>().0, seconds)
}

/// A number with a space between thousands: `12 345`.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            // A narrow space that does not break the line.
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// The name under which a user is shown: the display name, otherwise the username, the email address
/// or the id.
pub(crate) fn user_name(user: &AdminUser) -> String {
    let candidates = [&user.name, &user.username, &user.email];
    let found = candidates.into_iter().flatten().find(|it| !it.is_empty());
    found.unwrap_or(&user.id).clone()
}

/// A link to the page of a user.
pub(crate) fn user_link(id: &str, text: String) -> AnyView {
    client_only(
        a().class("p-console-link")
            .href(Route::User(id.to_owned()).path())
            .child(text),
    )
}

/// The names in a list that is separated by commas or spaces.
pub(crate) fn role_names(text: &str) -> Vec<String> {
    let names = text.split([',', ' ']).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// A kind of event or reason as words: `signed_in` becomes `Signed in`.
pub(crate) fn words(name: &str) -> String {
    let spaced = name.replace('_', " ");
    let mut letters = spaced.chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// Short text on a colored background. `tone` is the suffix of the CSS class: `good`, `waiting`, `bad`
/// or `plain`.
pub(crate) fn badge(text: impl Into<String>, tone: &'static str) -> AnyView {
    client_only(
        span()
            .class(format!("c-badge p-console-badge-{tone}"))
            .child(text.into()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
    }

    #[test]
    fn names_become_words() {
        assert_eq!(words("ended_by_operator"), "Ended by operator");
        assert_eq!(words(""), "");
    }

    #[test]
    fn roles_are_separated_by_commas_or_spaces() {
        assert_eq!(
            role_names(" admin,editor  auditor, "),
            ["admin", "editor", "auditor"]
        );
        assert!(role_names(" , ").is_empty());
    }
}
