//! The timeline as a list, newest first.

use leptos::ev;
use leptos::html::{button, div, h2, li, ol, p, section, span, time};
use leptos::prelude::*;

use crate::erased::{client_only, dynamic, empty, erased};
use crate::session::Session;
use crate::timeline::{Line, Timeline, Tone};

/// The list with its heading and a button that clears it.
#[component]
pub(crate) fn TimelineView() -> impl IntoView {
    let session = Session::expect();
    let lines = move || session.timeline.with(Timeline::lines);
    let is_empty = Memo::new(move |_| session.timeline.with(Timeline::is_empty));
    let in_flight = Memo::new(move |_| session.in_flight.get());
    let list = ol()
        .class("c-timeline")
        .aria_labelledby("timeline-heading")
        .aria_live("polite")
        .child(view! { <For each=lines key=|line| line.id children=entry /> });
    erased(section().class("c-card").child((
        div().class("c-card-head").child((
            h2().id("timeline-heading").child("Timeline"),
            dynamic(move || {
                match in_flight.get() {
                    0 => empty(),
                    count => client_only(
                        span()
                            .class("c-timeline-in-flight")
                            .child(format!("{count} in progress")),
                    ),
                }
            }),
            dynamic(move || {
                if is_empty.get() {
                    empty()
                } else {
                    clear_button(session)
                }
            }),
        )),
        dynamic(move || {
            if !is_empty.get() {
                return empty();
            }
            erased(
                p().class("c-hint").child(
                    "No requests yet. Call the API to see what the client does. The newest entry is on top.",
                ),
            )
        }),
        list,
    )))
}

fn clear_button(session: Session) -> AnyView {
    client_only(
        button()
            .r#type("button")
            .class("c-button c-button-quiet c-button-small")
            .on(ev::click, move |_| {
                session.timeline.update(Timeline::clear);
            })
            .child("Clear"),
    )
}

fn entry(line: Line) -> AnyView {
    let tone = match line.tone {
        Tone::Good => " c-timeline-good",
        Tone::Refused => " c-timeline-refused",
        Tone::Bad => " c-timeline-bad",
        Tone::Plain => "",
    };
    let mut class = format!("c-timeline-entry{tone}");
    for (applies, name) in [
        (line.chained, " c-timeline-chained"),
        (line.joined, " c-timeline-joined"),
    ] {
        if applies {
            class.push_str(name);
        }
    }
    client_only(
        li().class(class).child((
            span().class("c-timeline-text").child(line.text),
            span().class("c-timeline-facts").child((
                line.millis
                    .map(|millis| span().child(format!("{millis} ms"))),
                time().child(line.at),
            )),
        )),
    )
}
