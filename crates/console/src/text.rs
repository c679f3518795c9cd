//! Times, names and other values as text, and the elements that show them.

use latchkey_client::wall_clock;
use latchkey_types::admin::AdminUser;
use latchkey_web::erased::client_only;
use latchkey_web::time;
use leptos::html::{a, span, time as time_element};
use leptos::prelude::*;

use crate::route::Route;

/// The current time in seconds since 1970.
pub(crate) fn now() -> u64 {
    wall_clock() / 1000
}

/// A time relative to now, with the exact one as a tooltip and for screen readers.
pub(crate) fn when(seconds: u64) -> AnyView {
    client_only(
        time_element()
            .datetime(time::iso(seconds))
            .title(time::date_time(seconds))
            .child(relative(seconds, now())),
    )
}

/// A time relative to `now`: `5 min ago`, `in 3 d`. Both are in seconds since 1970.
pub(crate) fn relative(seconds: u64, now: u64) -> String {
    let distance = seconds.abs_diff(now);
    let amount = match distance {
        0..60 => return "just now".to_owned(),
        60..3_600 => format!("{} min", distance / 60),
        3_600..86_400 => format!("{} h", distance / 3_600),
        _ => format!("{} d", distance / 86_400),
    };
    if seconds > now {
        format!("in {amount}")
    } else {
        format!("{amount} ago")
    }
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

/// How to call a user: the name, or else what identifies the user best.
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

/// A kind of event or reason as words: `signed_in` becomes `Signed in`.
pub(crate) fn words(name: &str) -> String {
    let spaced = name.replace('_', " ");
    let mut letters = spaced.chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// A short text on a colored ground. `tone` is the end of the class: `good`, `bad`, `plain`.
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
    fn relative_time_has_one_unit_and_a_direction() {
        let now = 1_000_000;
        for (seconds, text) in [
            (now, "just now"),
            (now - 59, "just now"),
            (now - 60, "1 min ago"),
            (now + 3_700, "in 1 h"),
            (now - 86_400 * 3, "3 d ago"),
        ] {
            assert_eq!(relative(seconds, now), text);
        }
    }

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
}
