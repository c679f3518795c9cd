//! Icons for devices and events: line drawings in the color of the text. They repeat what the text
//! beside them says, so assistive technology ignores them.

use latchkey_types::ActivityKind;
use leptos::prelude::*;
use leptos::svg::{path, svg};

use crate::erased::client_only;

/// The path data of an icon, in a square of 24 by 24.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Icon(&'static str);

const MONITOR: Icon = Icon("M3 5h18v11H3zM8 20h8M12 16v4");
const PHONE: Icon = Icon("M7 3h10v18H7zM11 18h2");
const TERMINAL: Icon = Icon("M3 5h18v14H3zM7 10l3 2.5L7 15M13 15h4");
const ENTER: Icon = Icon("M13 4h7v16h-7M3 12h11M10 8l4 4-4 4");
const LEAVE: Icon = Icon("M11 4H4v16h7M10 12h11M17 8l4 4-4 4");
const RENEW: Icon = Icon("M19.5 12a7.5 7.5 0 1 1-2.2-5.3M19.5 3v5h-5");
const END: Icon = Icon("M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 9l6 6M15 9l-6 6");
const ALARM: Icon = Icon("M12 4 2.5 20h19zM12 10v4M12 17v.01");
const BAN: Icon = Icon("M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM5.7 5.7l12.6 12.6");
const CHECK: Icon = Icon("M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 12l3 3 5-5.5");
const CLOCK: Icon = Icon("M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3.5 2");
const KEY: Icon = Icon("M7.5 21a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.7 13.3 20 4M16 8l3 3");
const PERSON: Icon = Icon("M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 21a7.5 7.5 0 0 1 15 0");
const NOTE: Icon = Icon("M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 8v.01");

impl Icon {
    /// The icon of a device. A program whose `User-Agent` contains no operating system gets the
    /// terminal icon.
    pub fn of_device(browser: Option<&str>, system: Option<&str>) -> Self {
        let is_mobile = |system: &str| ["iOS", "iPhone", "iPad", "Android"].contains(&system);
        match (browser, system) {
            (_, Some(system)) if is_mobile(system) => PHONE,
            (Some(_), None) => TERMINAL,
            _ => MONITOR,
        }
    }

    /// The icon of a security event.
    pub const fn of_event(kind: ActivityKind) -> Self {
        match kind {
            ActivityKind::SignedIn => ENTER,
            ActivityKind::SignedOut => LEAVE,
            ActivityKind::Refreshed => RENEW,
            ActivityKind::Replayed | ActivityKind::ProofMissing => ALARM,
            ActivityKind::EndedRemotely | ActivityKind::EndedAll | ActivityKind::Revoked => END,
            ActivityKind::EndedByOperator
            | ActivityKind::Banned
            | ActivityKind::TokenDenied
            | ActivityKind::NotAdmitted => BAN,
            ActivityKind::PasswordChanged => KEY,
            ActivityKind::RolesChanged => PERSON,
            ActivityKind::Unbanned | ActivityKind::DenialLifted => CHECK,
            ActivityKind::Displaced => CLOCK,
            _ => NOTE,
        }
    }

    /// The icon as an element.
    pub fn view(self) -> AnyView {
        client_only(
            svg()
                .attr("class", "c-icon")
                .attr("viewBox", "0 0 24 24")
                .attr("aria-hidden", "true")
                .attr("focusable", "false")
                .child(path().attr("d", self.0)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icon_of_a_device_follows_from_its_system() {
        for (browser, system, icon) in [
            (Some("Safari"), Some("iOS"), PHONE),
            (Some("Chrome"), Some("Android"), PHONE),
            (Some("Chrome"), Some("Windows"), MONITOR),
            (Some("curl"), None, TERMINAL),
            (None, None, MONITOR),
        ] {
            assert_eq!(
                Icon::of_device(browser, system),
                icon,
                "{browser:?} {system:?}"
            );
        }
    }
}
