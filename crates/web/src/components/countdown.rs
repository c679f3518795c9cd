//! Time that runs out.

use core::time::Duration;

use latchkey_client::wall_clock;
use leptos::html::{div, p, progress};
use leptos::prelude::*;

use crate::piece::words;
use crate::time;

/// How often a countdown looks at the clock.
const TICK: Duration = Duration::from_millis(250);

/// The present moment in milliseconds since 1970, kept present for as long as the view that asked
/// for it is there. Zero on the server.
pub(crate) fn ticking() -> ReadSignal<u64> {
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

/// What is left of a life of `life` milliseconds that ends at `end`, in words and as a bar.
pub(crate) fn countdown(
    label: &'static str,
    now: ReadSignal<u64>,
    end: u64,
    life: u64,
) -> impl IntoView {
    let left = move || end.saturating_sub(now.get());
    let left_in_words = move || match left() {
        0 => "Expired".to_owned(),
        left => format!("Expires in {}", time::countdown(left)),
    };
    div().class("countdown").child((
        p().child(words(left_in_words)),
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
