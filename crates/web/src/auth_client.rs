//! The auth client as a context, so that a test can put another one in its place.

use latchkey_client::Client;
use leptos::prelude::*;

/// The client that the pages call.
///
/// `App` provides one over the browser's storage and network, unless a context already holds
/// another, for example one with a scripted network. There is none on the server.
#[derive(Clone, Copy)]
pub struct AuthClient(Option<StoredValue<Client, LocalStorage>>);

impl AuthClient {
    /// Makes `client` available as a context value. It belongs to the current reactive owner.
    pub fn new(client: Client) -> Self {
        Self(Some(StoredValue::new_local(client)))
    }

    /// Provides the browser's client to the components below, unless a client is provided already.
    pub(crate) fn provide() -> Self {
        if let Some(provided) = use_context::<Self>() {
            return provided;
        }
        let client = if cfg!(feature = "hydrate") {
            Self::new(Client::new())
        } else {
            Self(None)
        };
        provide_context(client);
        client
    }

    /// The client that [`provide`](Self::provide) provided.
    pub(crate) fn expect() -> Self {
        expect_context()
    }

    /// The client itself. Call it from effects, actions and event handlers, none of which run on
    /// the server.
    pub(crate) fn get(self) -> Client {
        match self.0 {
            Some(client) => client.get_value(),
            None => unreachable!("the server has no auth client"),
        }
    }

    /// The action that signs out. Its value says whether the server confirmed it.
    pub(crate) fn sign_out(self) -> Action<(), bool> {
        Action::new_unsync(move |(): &()| {
            let client = self.get();
            async move { client.sign_out().await }
        })
    }
}
