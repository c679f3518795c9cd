//! Claims as a definition list, in the order of the token.

use latchkey_client::claims::Members;
use leptos::html::{code, dd, div, dl, dt, span};
use leptos::prelude::*;

use crate::time;

/// Claims that are points in time (RFC 7519 §2, NumericDate).
const DATES: [&str; 4] = ["iat", "exp", "nbf", "auth_time"];

/// Names and values.
pub(crate) fn claims_view(claims: &Members) -> impl IntoView + use<> {
    let rows = claims.0.iter().map(|(name, value)| {
        let date = DATES
            .contains(&name.as_str())
            .then(|| claims.numeric_date(name))
            .flatten()
            .map(|seconds| span().class("c-claims-date").child(time::moment(seconds)));
        div().child((
            dt().child(code().child(name.clone())),
            dd().child((code().child(value.clone()), date)),
        ))
    });
    dl().class("c-claims").child(rows.collect_view())
}
