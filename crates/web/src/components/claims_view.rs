//! Claims as a definition list, in the order in which the token has them.

use latchkey_client::claims::Members;
use leptos::html::{code, dd, div, dl, dt, span};
use leptos::prelude::*;

use crate::time;

/// Claims that hold a date (RFC 7519 §2, NumericDate).
const DATE_CLAIMS: [&str; 4] = ["iat", "exp", "nbf", "auth_time"];

/// The names and values of the claims.
pub(crate) fn claims_view(claims: &Members) -> impl IntoView + use<> {
    let rows = claims.0.iter().map(|(name, value)| {
        let date = DATE_CLAIMS
            .contains(&name.as_str())
            .then(|| claims.numeric_date(name))
            .flatten()
            .map(|seconds| {
                span()
                    .class("c-claims-date")
                    .child(time::date_time(seconds))
            });
        div().child((
            dt().child(code().child(name.clone())),
            dd().child((code().child(value.clone()), date)),
        ))
    });
    dl().class("c-claims").child(rows.collect_view())
}
