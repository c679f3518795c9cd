//! Ending sessions: what a press leads to, and what the person is told of it.

use latchkey_client::{CallError, step_up_href};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Page, TOLD, resume};
use crate::begun;
use crate::components::confirm::Deed;
use crate::sentences;
use crate::session::client;

/// How the name begins under which ending one session is resumed; its id follows.
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
        /// What it is called.
        name: String,
    },
    /// All but this one.
    Others,
    /// All, this one too.
    Everywhere,
}

impl Ending {
    /// The button for it.
    pub(super) fn deed(&self) -> Deed {
        let (key, label, question) = match self {
            Self::This => ("this", "Sign out this device", "End it?"),
            Self::One { id, .. } => (id.as_str(), "Sign out this device", "End it?"),
            Self::Others => ("others", "Sign out all other devices", "End them all?"),
            Self::Everywhere => (
                "everywhere",
                "Sign out everywhere",
                "End them all, and this?",
            ),
        };
        Deed {
            key: key.to_owned(),
            label,
            name: String::new(),
            question,
            busy: "Ending…",
        }
    }

    /// The name by which it is resumed after a sign-in; none for those that need none.
    pub(super) fn resumed_as(&self) -> Option<String> {
        match self {
            Self::This => None,
            Self::One { id, .. } => Some(format!("{END_ONE}{id}")),
            Self::Others => Some("end-others".to_owned()),
            Self::Everywhere => Some("end-all".to_owned()),
        }
    }

    /// What is resumed under this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "end-others" => Some(Self::Others),
            "end-all" => Some(Self::Everywhere),
            _ => name.strip_prefix(END_ONE).map(|id| Self::One {
                id: id.to_owned(),
                name: "The device".to_owned(),
            }),
        }
    }

    /// What has been done.
    fn done(&self) -> String {
        match self {
            Self::This | Self::Everywhere => String::new(),
            Self::One { name, .. } => format!("{name} is signed out."),
            Self::Others => "All other devices are signed out.".to_owned(),
        }
    }
}

/// Ends them and says so. What needs a recent sign-in leads to one, and is done on the way back:
/// `resumed`.
pub(super) fn carry_out(page: Page, ending: Ending, resumed: bool) {
    page.confirm.acting.set(ending.deed().key);
    page.told.set(String::new());
    spawn_local(async move {
        let client = client();
        let outcome = match &ending {
            Ending::This => {
                client.sign_out().await;
                Ok(())
            }
            Ending::One { id, .. } => client.end_session(id).await,
            Ending::Others => client.end_other_sessions().await,
            Ending::Everywhere => client.sign_out_everywhere().await,
        };
        // Nothing of a page that was left meanwhile is there any more.
        let _ = page.confirm.acting.try_set(String::new());
        let told = match outcome {
            Ok(()) => ending.done(),
            Err(CallError::StepUp) if !resumed && sign_in_again(page, &ending) => {
                "Sign in once more, then it is done.".to_owned()
            }
            Err(error) => sentences::call(error).to_owned(),
        };
        if page.told.try_set(told).is_none() {
            page.ask();
            read_out();
        }
    });
}

/// Leaves for the provider of this session; gives whether that was possible.
fn sign_in_again(page: Page, ending: &Ending) -> bool {
    let provider = page.answer.with_untracked(|answer| {
        let mut sessions = answer.as_ref()?.as_ref().ok()?.iter();
        sessions.find_map(|it| it.current.then(|| it.provider.clone()))
    });
    let (Some(provider), Some(name)) = (provider, ending.resumed_as()) else {
        return false;
    };
    let Some(account) = client().tokens().and_then(|tokens| tokens.account) else {
        return false;
    };
    resume::intend(&name, &account);
    let back = format!("/sessions?{}={name}", resume::PARAMETER);
    let href = step_up_href(&provider, &account, &back);
    begun::note(&href);
    window().location().assign(&href).is_ok()
}

/// The button that was pressed may be gone: the keyboard goes on where it says what was done.
fn read_out() {
    use wasm_bindgen::JsCast as _;

    if let Some(told) = document().get_element_by_id(TOLD) {
        let _ = told.unchecked_into::<web_sys::HtmlElement>().focus();
    }
}
