//! The content of a token: time until expiry, claims and text.

use latchkey_client::claims;
use leptos::html::{code, details, h2, p, section, summary};
use leptos::prelude::*;

use super::claims_view::claims_view;
use super::countdown::countdown;
use crate::erased::{client_only, dynamic, erased};

/// The token and its times.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct TokenFacts {
    /// The JWT.
    pub(crate) token: String,
    /// When the token expires, in milliseconds since 1970.
    pub(crate) expires_at: u64,
    /// From issue to expiry, in milliseconds; 0 if unknown.
    pub(crate) lifetime: u64,
}

/// A region with a heading. Without a token it shows `absent`.
#[component]
pub(crate) fn TokenView(
    /// The id of the heading.
    id: &'static str,
    /// The heading.
    title: &'static str,
    /// The current time in milliseconds since 1970.
    now: ReadSignal<u64>,
    /// The token, if there is one.
    facts: Memo<Option<TokenFacts>>,
    /// The view if there is no token.
    absent: Callback<(), AnyView>,
) -> impl IntoView {
    erased(
        section()
            .class("c-card c-token")
            .aria_labelledby(id)
            .child((
                h2().id(id).child(title),
                dynamic(move || match facts.get() {
                    Some(facts) => present(title, now, &facts),
                    None => absent.run(()),
                }),
            )),
    )
}

fn present(title: &'static str, now: ReadSignal<u64>, facts: &TokenFacts) -> AnyView {
    let decoded = claims::decode(&facts.token);
    let lifetime = decoded.as_ref().and_then(lifetime_of);
    let lifetime = lifetime.unwrap_or(facts.lifetime);
    let body = match &decoded {
        Some(decoded) => client_only((
            claims_view(&decoded.claims),
            details().child((summary().child("Header"), claims_view(&decoded.header))),
        )),
        None => client_only(p().child("This is not a JWT.")),
    };
    client_only((
        countdown(title, now, facts.expires_at, lifetime),
        body,
        details().child((
            summary().child("Encoded token"),
            code().class("c-token-text").child(facts.token.clone()),
        )),
    ))
}

/// From `iat` to `exp`, in milliseconds.
fn lifetime_of(decoded: &claims::Decoded) -> Option<u64> {
    let (issued, expires) = (
        decoded.claims.numeric_date("iat")?,
        decoded.claims.numeric_date("exp")?,
    );
    expires.checked_sub(issued)?.checked_mul(1000)
}
