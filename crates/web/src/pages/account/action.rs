//! What the user can do to the account on its page, and how an action continues after the step-up that
//! it needs.

use latchkey_client::sign_in::LOCAL;
use latchkey_client::{CallError, Client};
use latchkey_types::IdentityInfo;
use leptos::html::p;
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue};

use crate::auth_client::AuthClient;
use crate::components::confirm::ConfirmGroup;
use crate::erased::{dynamic_text, erased};
use crate::fetched::Fetch;
use crate::messages;
use crate::session::Session;
use crate::step_up;

/// The path of this page.
const PAGE: &str = "/account";
/// The id of the status line.
const STATUS_ID: &str = "account-status";
/// The message if the user signs in with a different account for the step-up.
const OTHER_ACCOUNT: &str = "You signed in with a different account, so nothing was changed.";

/// An action on the account. Each needs a recent sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Adds a way to sign in: an account at this provider.
    Link(String),
    /// Removes the way to sign in with this id.
    Remove(String),
    /// Downloads what the server stores about the user.
    Export,
    /// Deletes the account.
    Delete,
}

impl Act {
    /// The key of its button, and the name by which it is resumed after a step-up.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Link(provider) => format!("link.{provider}"),
            Self::Remove(id) => format!("remove.{id}"),
            Self::Export => "export".to_owned(),
            Self::Delete => "delete".to_owned(),
        }
    }

    fn from_key(key: &str) -> Option<Self> {
        match key {
            "export" => Some(Self::Export),
            "delete" => Some(Self::Delete),
            _ => {
                let link = key.strip_prefix("link.");
                let link = link.map(|provider| Self::Link(provider.to_owned()));
                link.or_else(|| Some(Self::Remove(key.strip_prefix("remove.")?.to_owned())))
            }
        }
    }

    /// The message once it is done; empty if the user leaves the page.
    fn done(&self) -> &'static str {
        match self {
            Self::Link(_) | Self::Delete => "",
            Self::Remove(_) => "Removed. The devices that used it to sign in are signed out.",
            Self::Export => "Your data was downloaded.",
        }
    }
}

/// A request of the user.
#[derive(Clone)]
struct Request {
    act: Act,
    /// Whether the user has just signed in again for this request.
    resumed: bool,
}

/// The state that the sections of this page share.
#[derive(Clone, Copy)]
pub(super) struct AccountActions {
    /// The result of the last action, for the user.
    status: RwSignal<String>,
    run: Action<Request, ()>,
    /// The ways to sign in.
    pub(super) identities: Fetch<Vec<IdentityInfo>>,
    pub(super) confirm: ConfirmGroup,
    /// The key of the action that is pending.
    pub(super) pending: Signal<Option<String>>,
}

impl AccountActions {
    /// Creates the state, and continues with the action that needed a step-up, if there is one.
    pub(super) fn provide(session: Session) -> Self {
        let client = AuthClient::expect();
        let identities = Fetch::refetch_on_reconnect(session, client, move |client| {
            session.changes.track();
            async move { client.identities().await }
        });
        let status = RwSignal::new(String::new());
        let run = Action::new_unsync(move |request: &Request| {
            status.set(String::new());
            perform(client.get(), identities, status, request.clone())
        });
        let pending = Signal::derive(move || Some(run.input().get()?.act.key()));
        let actions = Self {
            status,
            run,
            identities,
            confirm: ConfirmGroup::new(pending),
            pending,
        };
        actions.resume(session);
        actions
    }

    /// Performs an action.
    pub(super) fn dispatch(self, act: Act) {
        self.run.dispatch(Request {
            act,
            resumed: false,
        });
    }

    /// The result of the last action.
    pub(super) fn status_line(self) -> AnyView {
        erased(
            p().id(STATUS_ID)
                .role("status")
                .tabindex("-1")
                .class("p-account-status")
                .child(dynamic_text(move || self.status.get())),
        )
    }

    fn resume(self, session: Session) {
        let status = (self.status, OTHER_ACCOUNT);
        step_up::resume(session, PAGE, Act::from_key, status, move |act| {
            self.run.dispatch(Request { act, resumed: true });
        });
    }
}

/// Performs the action and sets the status. If that needs a step-up, goes to the provider.
async fn perform(
    client: Client,
    identities: Fetch<Vec<IdentityInfo>>,
    status: RwSignal<String>,
    Request { act, resumed }: Request,
) {
    let result = match &act {
        Act::Link(provider) => client.begin_link(provider).await.map(|url| {
            let _ = window().location().assign(&url);
        }),
        Act::Remove(id) => {
            // After a step-up the list may not have been fetched yet.
            match client.identities().await {
                Ok(list) => {
                    let is_current = list.iter().any(|it| it.id == *id && it.current);
                    client.remove_identity(id, is_current).await
                }
                Err(error) => Err(error),
            }
        }
        Act::Export => client.export_account().await.map(|json| {
            let _ = download("account.json", &json);
        }),
        Act::Delete => client.delete_account().await,
    };
    if status.is_disposed() {
        // The user has left this page.
        return;
    }
    let message = match result {
        Ok(()) => act.done().to_owned(),
        Err(CallError::StepUpRequired) if !resumed && begin_step_up(&client, &act).await => {
            "Sign in again to confirm.".to_owned()
        }
        Err(error) => messages::call(error).to_owned(),
    };
    if status.is_disposed() {
        return;
    }
    let is_done = !message.is_empty();
    status.set(message);
    identities.refetch();
    if is_done && let Some(status) = document().get_element_by_id(STATUS_ID) {
        // The pressed button may be gone.
        let _ = status.unchecked_into::<web_sys::HtmlElement>().focus();
    }
}

/// Goes to the provider of this session for a step-up. Returns whether that was possible.
async fn begin_step_up(client: &Client, act: &Act) -> bool {
    let Ok(identities) = client.identities().await else {
        return false;
    };
    let current = identities.into_iter().find(|it| it.current);
    let provider = current.and_then(|it| match it.issuer.as_str() {
        LOCAL => Some(LOCAL.to_owned()),
        _ => it.provider,
    });
    provider.is_some_and(|provider| step_up::begin(client, &provider, PAGE, &act.key()))
}

/// Saves the text as a file.
fn download(name: &str, text: &str) -> Result<(), JsValue> {
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type("application/json");
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options)?;
    let url = web_sys::Url::create_object_url_with_blob(&blob)?;
    let link: web_sys::HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    web_sys::Url::revoke_object_url(&url)
}

#[cfg(test)]
mod tests {
    use super::Act;

    #[test]
    fn each_action_is_resumed_by_its_key() {
        let link = Act::Link("google".to_owned());
        let remove = Act::Remove("1".to_owned());
        for act in [link, remove, Act::Export, Act::Delete] {
            assert_eq!(Act::from_key(&act.key()), Some(act));
        }
        assert_eq!(Act::from_key("end-all"), None);
    }
}
