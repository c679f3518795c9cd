//! Data that the server passes to the pages.

use latchkey_types::{PasswordInfo, ProviderInfo};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What the pages need to know about the server. The server provides it as a context before it
/// renders a page. The browser reads it from the body's [`ATTRIBUTE`], so that both render the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageData {
    /// The providers, in the order in which to offer them.
    pub providers: Vec<ProviderInfo>,
    /// How local accounts work; `None` if they are disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordInfo>,
    /// Whether the demo provider is enabled, with accounts that anyone can use.
    pub demo: bool,
    /// The nonce for the first DPoP proof (RFC 9449 §8), if the server accepts proofs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_nonce: Option<String>,
    /// The paths of the script, the WebAssembly module and the style sheet of the administration
    /// console, in this order; empty if the server has no console. The browser loads them only for a
    /// user with the role `admin`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub console: Vec<String>,
}

/// The attribute of `<body>` that holds the page data as JSON.
pub(crate) const ATTRIBUTE: &str = "data-page";

impl PageData {
    /// The page data of this server; empty if there is none, such as while routes are listed.
    pub(crate) fn current() -> Self {
        use_context::<Self>().or_else(from_body).unwrap_or_default()
    }

    /// The value of the attribute.
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
