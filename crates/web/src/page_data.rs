//! What the server tells the pages before they are rendered.

use latchkey_types::ProviderInfo;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What the pages need to know of the server. The server provides it as a context before it
/// renders; the browser finds the same in the body's [`ATTRIBUTE`], so that both render alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageData {
    /// The ways to sign in, in the order in which to offer them.
    pub providers: Vec<ProviderInfo>,
    /// The server runs with `--demo`: nothing on it is meant to last.
    pub demo: bool,
    /// The nonce for the first DPoP proof (RFC 9449 §8), where the server takes proofs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_nonce: Option<String>,
}

/// The attribute of `<body>` that holds the page data as JSON.
pub(crate) const ATTRIBUTE: &str = "data-page";

impl PageData {
    /// The page data of this server; empty where there is none, as when routes are listed.
    pub(crate) fn current() -> Self {
        use_context::<Self>().or_else(from_body).unwrap_or_default()
    }

    /// As it stands in the attribute.
    #[cfg(feature = "ssr")]
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(feature = "hydrate")]
fn from_body() -> Option<PageData> {
    let json = document().body()?.get_attribute(ATTRIBUTE)?;
    serde_json::from_str(&json).ok()
}

#[cfg(not(feature = "hydrate"))]
fn from_body() -> Option<PageData> {
    None
}
