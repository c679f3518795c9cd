//! The ways to end sessions, and how each is worded. Pure.

use crate::components::confirm::ConfirmAction;

/// The resume name of [`Ending::One`] begins with this; the id of the session follows.
const END_ONE: &str = "end-one.";

/// Which sessions to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The one of this browser.
    This,
    /// Another one.
    One {
        /// Its id.
        id: String,
        /// The name of the device.
        name: String,
    },
    /// All but this one.
    Others,
    /// All, this one too.
    Everywhere,
}

impl Ending {
    /// Identifies the button.
    pub(super) fn key(&self) -> &str {
        match self {
            Self::This => "this",
            Self::One { id, .. } => id,
            Self::Others => "others",
            Self::Everywhere => "everywhere",
        }
    }

    /// The button.
    pub(super) fn confirm_action(&self) -> ConfirmAction {
        let (label, question) = match self {
            Self::This | Self::One { .. } => ("Sign out this device", "End it?"),
            Self::Others => ("Sign out all other devices", "End them all?"),
            Self::Everywhere => ("Sign out everywhere", "End them all, and this?"),
        };
        ConfirmAction {
            key: self.key().to_owned(),
            label,
            name: String::new(),
            question,
            busy: "Ending…",
        }
    }

    /// The name under which it is resumed after a fresh sign-in; `None` if it never needs one.
    pub(super) fn resume_name(&self) -> Option<String> {
        match self {
            Self::This => None,
            Self::One { id, .. } => Some(format!("{END_ONE}{id}")),
            Self::Others => Some("end-others".to_owned()),
            Self::Everywhere => Some("end-all".to_owned()),
        }
    }

    /// The ending with that [`resume_name`](Self::resume_name).
    pub(super) fn from_resume_name(name: &str) -> Option<Self> {
        match name {
            "end-others" => Some(Self::Others),
            "end-all" => Some(Self::Everywhere),
            _ => name.strip_prefix(END_ONE).map(|id| Self::One {
                id: id.to_owned(),
                name: "The device".to_owned(),
            }),
        }
    }

    /// What to say when it is done.
    pub(super) fn done(&self) -> String {
        match self {
            Self::This | Self::Everywhere => String::new(),
            Self::One { name, .. } => format!("{name} is signed out."),
            Self::Others => "All other devices are signed out.".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ending_that_needs_a_fresh_sign_in_is_resumed_by_its_name() {
        let one = Ending::One {
            id: "7".to_owned(),
            name: "The device".to_owned(),
        };
        for ending in [one, Ending::Others, Ending::Everywhere] {
            let name = ending.resume_name().expect("a name");
            assert_eq!(Ending::from_resume_name(&name), Some(ending));
        }
        assert_eq!(Ending::This.resume_name(), None);
        assert_eq!(Ending::from_resume_name("end-this"), None);
    }
}
