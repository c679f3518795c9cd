//! Time that runs out.

use core::time::Duration;

use latchkey_client::wall_clock;
use leptos::html::{div, p, progress};
use leptos::prelude::*;

use crate::erased::dynamic_text;
use crate::time;

/// How often a countdown reads the clock.
const TICK: Duration = Duration::from_millis(250);

/// The current time in milliseconds since 1970, updated for as long as the calling component exists.
/// Zero on the server.
pub(crate) fn use_now() -> ReadSignal<u64> {
    let (now, set_now) = signal(0);
    Effect::new(move || {
        set_now.set(wall_clock());
        let handle = set_interval_with_handle(move || set_now.set(wall_clock()), TICK);
        on_cleanup(move || {
            if let Ok(handle) = handle {
                handle.clear();
            }
        });
    });
    now
}

/// The time until `end`, as text and as a bar. `life` is the whole length of the bar; both are in
/// milliseconds.
pub(crate) fn countdown(
    label: &'static str,
    now: ReadSignal<u64>,
    end: u64,
    life: u64,
) -> impl IntoView {
    let left = move || end.saturating_sub(now.get());
    let text = move || match left() {
        0 => "Expired".to_owned(),
        left => format!("Expires in {}", time::countdown(left)),
    };
    div().class("c-countdown").child((
        p().child(dynamic_text(text)),
        progress()
            .aria_label(label)
            .max(life.max(1).to_string())
            .prop("value", move || {
                #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
                let left = left().min(life) as f64;
                left
            }),
    ))
}
