//! The time until a token expires.

use core::time::Duration;

use latchkey_client::wall_clock;
use leptos::html::{div, p, progress};
use leptos::prelude::*;

use crate::erased::dynamic_text;
use crate::time;

/// How often a countdown is updated.
const TICK_INTERVAL: Duration = Duration::from_millis(250);

/// The current time in milliseconds since 1970, updated while the calling component exists. Zero on
/// the server.
pub fn use_now() -> ReadSignal<u64> {
    let (now, set_now) = signal(0);
    Effect::new(move || {
        set_now.set(wall_clock());
        let handle = set_interval_with_handle(move || set_now.set(wall_clock()), TICK_INTERVAL);
        on_cleanup(move || {
            if let Ok(handle) = handle {
                handle.clear();
            }
        });
    });
    now
}

/// The time until `expires_at` (milliseconds since 1970), as text and as a bar. A full bar stands for
/// `lifetime` (milliseconds).
pub fn countdown(
    label: &'static str,
    now: ReadSignal<u64>,
    expires_at: u64,
    lifetime: u64,
) -> impl IntoView {
    let left = move || expires_at.saturating_sub(now.get());
    let text = move || match left() {
        0 => "Expired".to_owned(),
        left => format!("Expires in {}", time::countdown(left)),
    };
    div().class("c-countdown").child((
        p().child(dynamic_text(text)),
        progress()
            .aria_label(label)
            .max(lifetime.max(1).to_string())
            .prop("value", move || {
                #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
                let left = left().min(lifetime) as f64;
                left
            }),
    ))
}
