//! A time relative to now. The exact time is in the tooltip, and in `datetime` for programs.

use core::time::Duration;

use latchkey_client::wall_clock;
use leptos::html::time as time_element;
use leptos::prelude::*;

use crate::erased::{client_only, dynamic_text};
use crate::time;

/// How often relative times are updated.
const UPDATE_INTERVAL: Duration = Duration::from_secs(20);

/// The current time in seconds since 1970, updated while the calling component exists. Zero on the
/// server.
pub fn use_coarse_now() -> ReadSignal<u64> {
    let (now, set_now) = signal(0);
    let update = move || set_now.set(wall_clock() / 1000);
    Effect::new(move || {
        update();
        let handle = set_interval_with_handle(update, UPDATE_INTERVAL);
        on_cleanup(move || {
            if let Ok(handle) = handle {
                handle.clear();
            }
        });
    });
    now
}

/// The time `at`, in seconds since 1970.
pub fn relative_time(now: ReadSignal<u64>, at: u64) -> AnyView {
    client_only(
        time_element()
            .datetime(time::iso(at))
            .title(time::date_time(at))
            .child(dynamic_text(move || time::relative(at, now.get()))),
    )
}
