//! One token, looked into: what is left of it, its claims, its text.

use latchkey_client::claims;
use leptos::html::{code, details, h2, p, section, summary};
use leptos::prelude::*;

use super::claims_view::claims_view;
use super::countdown::countdown;
use crate::piece::{late, live};

/// What to show of a token.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct TokenFacts {
    /// The JWT.
    pub(crate) token: String,
    /// Milliseconds since 1970.
    pub(crate) end: u64,
    /// From issue to end, in milliseconds; 0 if unknown.
    pub(crate) life: u64,
}

/// A region named `title`; `facts` is `None` while there is no token, and the region says why
/// with `absent`.
pub(crate) fn token_view(
    id: &'static str,
    title: &'static str,
    now: ReadSignal<u64>,
    facts: impl Fn() -> Option<TokenFacts> + Send + Sync + 'static,
    absent: impl Fn() -> AnyView + Send + Sync + 'static,
) -> impl IntoView {
    let facts = Memo::new(move |_| facts());
    section().class("card token").aria_labelledby(id).child((
        h2().id(id).child(title),
        live(move || match facts.get() {
            Some(facts) => present(title, now, &facts),
            None => absent(),
        }),
    ))
}

fn present(title: &'static str, now: ReadSignal<u64>, facts: &TokenFacts) -> AnyView {
    let decoded = claims::decode(&facts.token);
    let life = decoded.as_ref().and_then(life_of).unwrap_or(facts.life);
    let body = match &decoded {
        Some(decoded) => late((
            claims_view(&decoded.claims),
            details().child((summary().child("Header"), claims_view(&decoded.header))),
        )),
        None => late(p().child("This is not a JWT.")),
    };
    late((
        countdown(title, now, facts.end, life),
        body,
        details().child((
            summary().child("The token itself"),
            code().class("raw-token").child(facts.token.clone()),
        )),
    ))
}

/// From `iat` to `exp`, in milliseconds.
fn life_of(decoded: &claims::Decoded) -> Option<u64> {
    let (issued, expires) = (decoded.claims.date("iat")?, decoded.claims.date("exp")?);
    expires.checked_sub(issued)?.checked_mul(1000)
}
