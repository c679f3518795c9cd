//! `/admin`: how many users, sessions and denials there are, and what happened in the last seven days.

use latchkey_types::admin::{HourCounts, Overview};
use latchkey_web::erased::client_only;
use latchkey_web::time;
use leptos::ev;
use leptos::html::{a, button, dd, details, div, dl, dt, h2, section, summary};
use leptos::prelude::*;

use crate::chart::chart;
use crate::page::heading;
use crate::remote::Remote;
use crate::route::Route;
use crate::table::{cell, table};
use crate::text::number;

/// One day, in seconds.
const DAY: u64 = 86_400;

/// The page.
pub(crate) fn view() -> AnyView {
    let overview = Remote::<Overview>::new(|| "/api/admin/overview".to_owned());
    client_only((
        heading("Overview", "This server and the last seven days."),
        overview.view("Loading the overview", facts),
        button()
            .r#type("button")
            .class("c-button")
            .on(ev::click, move |_| overview.refetch())
            .child("Update"),
    ))
}

fn facts(overview: &Overview) -> AnyView {
    let hours = &overview.hours;
    let series = |value: fn(&HourCounts) -> u64| -> Vec<(u64, u64)> {
        hours.iter().map(|hour| (hour.at, value(hour))).collect()
    };
    client_only((
        dl().class("p-console-tiles").child((
            tile("Users", number(overview.users), Some(Route::Users)),
            tile(
                "Live sessions",
                number(overview.live_sessions),
                Some(Route::Sessions),
            ),
            tile(
                "Denylist entries",
                number(overview.denials),
                Some(Route::Denylist),
            ),
            tile("Store", overview.store.kind.clone(), None),
            tile("Version", overview.version.clone(), None),
        )),
        section().aria_labelledby("week-heading").child((
            h2().id("week-heading").child("Last seven days, by hour"),
            div().class("p-console-charts").child((
                chart("sign-ins", "Sign-ins", "good", &series(|it| it.sign_ins)),
                chart("refreshes", "Refreshes", "good", &series(|it| it.refreshes)),
                chart(
                    "refusals",
                    "Refusals",
                    "waiting",
                    &series(|it| it.sign_ins_refused + it.refreshes_refused),
                ),
                chart("replays", "Replays", "bad", &series(|it| it.replays)),
                chart(
                    "ended",
                    "Ended sessions",
                    "plain",
                    &series(|it| it.sessions_ended),
                ),
            )),
            details()
                .class("p-console-numbers")
                .child((summary().child("Show the numbers by day"), by_day(hours))),
        )),
    ))
}

fn tile(name: &'static str, value: String, page: Option<Route>) -> AnyView {
    let value = match page {
        Some(page) => client_only(a().href(page.path()).child(value)),
        None => cell(value),
    };
    client_only(
        div()
            .class("c-card p-console-tile")
            .child((dt().child(name), dd().child(value))),
    )
}

fn by_day(hours: &[HourCounts]) -> AnyView {
    let rows = days(hours).into_iter().map(|day| {
        let numbers = [
            day.sign_ins,
            day.sign_ins_refused,
            day.refreshes,
            day.refreshes_refused,
            day.replays,
            day.sessions_ended,
        ];
        let numbers = numbers.into_iter().map(|value| cell(number(value)));
        [cell(time::date(day.at))]
            .into_iter()
            .chain(numbers)
            .collect()
    });
    table(
        "Numbers by day",
        &[
            "Day (UTC)",
            "Sign-ins",
            "Refused sign-ins",
            "Refreshes",
            "Refused refreshes",
            "Replays",
            "Ended sessions",
        ],
        rows.collect(),
    )
}

/// The sums of each day (UTC), newest first.
fn days(hours: &[HourCounts]) -> Vec<HourCounts> {
    let mut days: Vec<HourCounts> = Vec::new();
    for hour in hours {
        match days.last_mut() {
            Some(day) if day.at / DAY == hour.at / DAY => {
                day.sign_ins += hour.sign_ins;
                day.sign_ins_refused += hour.sign_ins_refused;
                day.refreshes += hour.refreshes;
                day.refreshes_refused += hour.refreshes_refused;
                day.replays += hour.replays;
                day.sessions_ended += hour.sessions_ended;
            }
            _ => days.push(hour.clone()),
        }
    }
    days.reverse();
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(at: u64, sign_ins: u64) -> HourCounts {
        HourCounts {
            at,
            sign_ins,
            sign_ins_refused: 0,
            refreshes: 2,
            refreshes_refused: 0,
            replays: 0,
            sessions_ended: 0,
        }
    }

    #[test]
    fn hours_are_added_up_by_day() {
        let hours = [hour(DAY - 3_600, 1), hour(DAY, 2), hour(DAY + 3_600, 3)];
        let days = days(&hours);
        let sums: Vec<_> = days
            .iter()
            .map(|day| (day.at, day.sign_ins, day.refreshes))
            .collect();
        assert_eq!(sums, [(DAY, 5, 4), (DAY - 3_600, 1, 2)]);
    }
}
