//! The timeline as a list, newest first.

use leptos::ev;
use leptos::html::{button, div, h2, li, ol, p, section, span, time};
use leptos::prelude::*;

use crate::piece::{late, live, nothing, piece};
use crate::session::Session;
use crate::timeline::{Line, Timeline, Tone};

/// The list and what belongs to it.
pub(crate) fn timeline_view(session: Session) -> impl IntoView {
    let lines = move || session.timeline.with(Timeline::lines);
    let is_empty = Memo::new(move |_| session.timeline.with(Timeline::is_empty));
    let under_way = Memo::new(move |_| session.under_way.get());
    let list = ol()
        .class("timeline")
        .aria_labelledby("timeline-heading")
        .aria_live("polite")
        .child(view! { <For each=lines key=|line| line.id children=line_view /> });
    section().class("card timeline-card").child((
        div().class("card-head").child((
            h2().id("timeline-heading").child("Timeline"),
            live(move || match under_way.get() {
                0 => nothing(),
                count => late(
                    span()
                        .class("under-way")
                        .child(format!("{count} under way")),
                ),
            }),
            live(move || {
                if is_empty.get() {
                    nothing()
                } else {
                    clear(session)
                }
            }),
        )),
        live(move || {
            if !is_empty.get() {
                return nothing();
            }
            piece(
                p().class("hint").child(
                    "Nothing yet. Call something and watch what the client does: newest first.",
                ),
            )
        }),
        list,
    ))
}

fn clear(session: Session) -> AnyView {
    late(
        button()
            .r#type("button")
            .class("button quiet small")
            .on(ev::click, move |_| {
                session.timeline.update(Timeline::clear);
            })
            .child("Clear"),
    )
}

fn line_view(line: Line) -> AnyView {
    let tone = match line.tone {
        Tone::Good => "good",
        Tone::Refused => "refused",
        Tone::Bad => "bad",
        Tone::Plain => "plain",
    };
    let mut class = format!("line {tone}");
    for (set, name) in [(line.chained, " chained"), (line.joined, " joined")] {
        if set {
            class.push_str(name);
        }
    }
    late(
        li().class(class).child((
            span().class("line-text").child(line.text),
            span().class("line-facts").child((
                line.millis
                    .map(|millis| span().child(format!("{millis} ms"))),
                time().child(line.at),
            )),
        )),
    )
}
