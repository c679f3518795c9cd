//! The last sign-in attempt of this tab, in sessionStorage so that it survives a reload.

use leptos::prelude::window;

const KEY: &str = "latchkey.callback";
/// The stored value of [`LastAttempt::Completed`] begins with this; the `state` follows.
const COMPLETED: &str = "finished ";

/// The last sign-in attempt of this tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LastAttempt {
    /// There was none.
    None,
    /// The tab sent a code and has not received tokens for it.
    Pending,
    /// The tab received tokens for the code that came with this `state`. The code cannot be used
    /// again.
    Completed(String),
}

impl LastAttempt {
    pub(super) fn read() -> Self {
        let storage = window().session_storage().ok().flatten();
        match storage.and_then(|storage| storage.get_item(KEY).ok().flatten()) {
            None => Self::None,
            Some(text) => match text.strip_prefix(COMPLETED) {
                Some(state) => Self::Completed(state.to_owned()),
                None => Self::Pending,
            },
        }
    }

    pub(super) fn write(&self) {
        let Ok(Some(storage)) = window().session_storage() else {
            return;
        };
        let _ = match self {
            Self::None => storage.remove_item(KEY),
            Self::Pending => storage.set_item(KEY, "under way"),
            Self::Completed(state) => storage.set_item(KEY, &format!("{COMPLETED}{state}")),
        };
    }

    /// Whether the sign-in with this `state` was completed.
    pub(super) fn completed(&self, state: &str) -> bool {
        matches!(self, Self::Completed(completed) if completed == state)
    }
}
