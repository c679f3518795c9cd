//! Which sessions to end, and the labels of the buttons for that. Pure.

use crate::components::confirm::ConfirmAction;

/// The resume name of [`EndTarget::One`] begins with this; the id of the session follows.
const END_ONE: &str = "end-one.";

/// Which sessions to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EndTarget {
    /// The session of this browser.
    This,
    /// Another session.
    One {
        /// The id of the session.
        id: String,
        /// The name of the device.
        name: String,
    },
    /// All sessions but this one.
    Others,
    /// All sessions, including this one.
    Everywhere,
}

impl EndTarget {
    /// The key of the button.
    pub(super) fn key(&self) -> &str {
        match self {
            Self::This => "this",
            Self::One { id, .. } => id,
            Self::Others => "others",
            Self::Everywhere => "everywhere",
        }
    }

    /// The key and the labels of the button.
    pub(super) fn confirm_action(&self) -> ConfirmAction {
        let (label, question) = match self {
            Self::This => ("Sign out", "Sign out on this device?"),
            Self::One { .. } => ("Sign out", "Sign out on that device?"),
            Self::Others => ("Sign out all other devices", "Sign out all other devices?"),
            Self::Everywhere => (
                "Sign out everywhere",
                "Sign out everywhere, including this device?",
            ),
        };
        ConfirmAction {
            key: self.key().to_owned(),
            label,
            name: String::new(),
            question,
            busy: "Signing out…",
        }
    }

    /// The name by which a request is resumed after a step-up; `None` if it never needs one.
    pub(super) fn resume_name(&self) -> Option<String> {
        match self {
            Self::This => None,
            Self::One { id, .. } => Some(format!("{END_ONE}{id}")),
            Self::Others => Some("end-others".to_owned()),
            Self::Everywhere => Some("end-all".to_owned()),
        }
    }

    /// The target with this [`resume_name`](Self::resume_name).
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

    /// The message once the sessions have ended.
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
    fn each_target_that_may_need_a_step_up_is_resumed_by_its_name() {
        let one = EndTarget::One {
            id: "7".to_owned(),
            name: "The device".to_owned(),
        };
        for target in [one, EndTarget::Others, EndTarget::Everywhere] {
            let name = target.resume_name().expect("a name");
            assert_eq!(EndTarget::from_resume_name(&name), Some(target));
        }
        assert_eq!(EndTarget::This.resume_name(), None);
        assert_eq!(EndTarget::from_resume_name("end-this"), None);
    }
}
