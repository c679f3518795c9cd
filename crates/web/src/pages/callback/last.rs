//! Which sign-in this tab finished last: sessionStorage knows it across a reload.

use leptos::prelude::window;

const KEY: &str = "latchkey.callback";
const FINISHED: &str = "finished ";

/// What this tab did last about a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// Nothing.
    Nothing,
    /// It sent a code, and was given no tokens for it, or not yet.
    UnderWay,
    /// It was given tokens for the code that came with this `state`, which is of no use any more.
    Finished(String),
}

impl Last {
    pub(super) fn read() -> Self {
        let storage = window().session_storage().ok().flatten();
        match storage.and_then(|storage| storage.get_item(KEY).ok().flatten()) {
            None => Self::Nothing,
            Some(text) => match text.strip_prefix(FINISHED) {
                Some(state) => Self::Finished(state.to_owned()),
                None => Self::UnderWay,
            },
        }
    }

    pub(super) fn write(&self) {
        let Ok(Some(storage)) = window().session_storage() else {
            return;
        };
        let _ = match self {
            Self::Nothing => storage.remove_item(KEY),
            Self::UnderWay => storage.set_item(KEY, "under way"),
            Self::Finished(state) => storage.set_item(KEY, &format!("{FINISHED}{state}")),
        };
    }

    /// Whether it is the sign-in with this `state` that was finished.
    pub(super) fn finished(&self, state: &str) -> bool {
        matches!(self, Self::Finished(finished) if finished == state)
    }
}
