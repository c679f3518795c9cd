//! The auth client as a context, so that a test can replace it.

use latchkey_client::Client;
use leptos::prelude::*;

/// The client that the pages call.
///
/// `App` provides a client that uses the browser's storage and network, unless the context already
/// holds one, such as a client with a scripted network. The server has no client.
#[derive(Clone, Copy)]
pub struct AuthClient(Option<StoredValue<Client, LocalStorage>>);

impl AuthClient {
    /// Wraps `client` for use as a context value, owned by the current reactive owner.
    pub fn new(client: Client) -> Self {
        Self(Some(StoredValue::new_local(client)))
    }

    /// Provides the browser's client to child components, unless a client was already provided.
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

    /// The provided client.
    pub(crate) fn expect() -> Self {
        expect_context()
    }

    /// The inner client. Call this only in effects, actions and event handlers, which never run on
    /// the server.
    pub(crate) fn get(self) -> Client {
        match self.0 {
            Some(client) => client.get_value(),
            None => unreachable!("the server has no auth client"),
        }
    }

    /// An action that signs out. Its value is whether the server confirmed the sign-out.
    pub(crate) fn sign_out(self) -> Action<(), bool> {
        Action::new_unsync(move |(): &()| {
            let client = self.get();
            async move { client.sign_out().await }
        })
    }
}
