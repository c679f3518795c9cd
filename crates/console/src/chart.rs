//! Bar charts as SVG. The bars of a chart are one path; a title and a description say what it shows.

use std::fmt::Write as _;

use latchkey_web::erased::client_only;
use leptos::html::{figcaption, figure, span};
use leptos::prelude::*;
use leptos::svg::{desc, line, path, svg, title};

use crate::text;

/// The width of a bar and the gap after it, in units of the view box.
const STEP: usize = 4;
/// The width of a bar.
const BAR: usize = 3;
/// The height of the highest bar.
const HEIGHT: u64 = 80;

/// A chart of one value per hour, oldest first. `tone` is the suffix of its CSS class.
pub(crate) fn chart(
    id: &'static str,
    name: &'static str,
    tone: &'static str,
    hours: &[(u64, u64)],
) -> AnyView {
    let values: Vec<u64> = hours.iter().map(|(_, value)| *value).collect();
    let total: u64 = values.iter().sum();
    let width = (values.len() * STEP).max(STEP);
    let (title_id, desc_id) = (format!("{id}-title"), format!("{id}-desc"));
    client_only(
        figure().class("c-card p-console-chart").child((
            figcaption().child((
                span().class("p-console-chart-name").child(name),
                span()
                    .class("p-console-chart-total")
                    .child(text::number(total)),
            )),
            svg()
                .attr("viewBox", format!("0 0 {width} {}", HEIGHT + 1))
                .attr("preserveAspectRatio", "none")
                .attr("role", "img")
                .attr("aria-labelledby", title_id.clone())
                .attr("aria-describedby", desc_id.clone())
                .child((
                    title()
                        .attr("id", title_id)
                        .child(format!("{name} by hour, last seven days")),
                    desc().attr("id", desc_id).child(description(hours)),
                    path()
                        .attr("class", format!("p-console-bars-{tone}"))
                        .attr("d", bars(&values)),
                    line()
                        .attr("class", "p-console-axis")
                        .attr("x1", "0")
                        .attr("x2", width.to_string())
                        .attr("y1", HEIGHT.to_string())
                        .attr("y2", HEIGHT.to_string()),
                )),
        )),
    )
}

/// What the chart shows, in words.
fn description(hours: &[(u64, u64)]) -> String {
    let total: u64 = hours.iter().map(|(_, value)| *value).sum();
    let peak = hours.iter().max_by_key(|(_, value)| *value);
    match peak {
        Some((at, value)) if *value > 0 => format!(
            "{total} in total. Peak: {value} in the hour from {}.",
            latchkey_web::time::date_time(*at)
        ),
        _ => "None.".to_owned(),
    }
}

/// The path data of the bars, scaled so that the highest is `HEIGHT` units high. A value above zero
/// has a bar of at least two units.
fn bars(values: &[u64]) -> String {
    let highest = values.iter().copied().max().unwrap_or_default();
    let mut data = String::new();
    for (index, value) in values.iter().enumerate() {
        if *value == 0 {
            continue;
        }
        let height = (value * HEIGHT).div_ceil(highest).max(2);
        let _ = write!(
            data,
            "M{} {}h{BAR}v{height}h-{BAR}z",
            index * STEP,
            HEIGHT - height
        );
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn highest_bar_fills_the_height_and_zero_has_no_bar() {
        assert_eq!(bars(&[0, 10, 5]), "M4 0h3v80h-3zM8 40h3v40h-3z");
        assert_eq!(bars(&[0, 0]), "");
        assert_eq!(bars(&[]), "");
    }

    #[test]
    fn small_value_beside_a_large_one_is_visible() {
        assert!(bars(&[1, 100_000]).starts_with("M0 78h3v2h-3z"));
    }

    #[test]
    fn chart_without_events_says_so() {
        assert_eq!(description(&[(0, 0), (3_600, 0)]), "None.");
        assert_eq!(description(&[]), "None.");
    }
}
