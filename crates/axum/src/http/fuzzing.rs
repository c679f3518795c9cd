//! The parsers of requests as functions of arbitrary bytes, for fuzzing (`fuzz/`) and for the tests that
//! replay the corpora. Not part of the product: compiled only for these two.
//!
//! Each function returns whether the input was accepted, and panics if a property does not hold.

#![expect(
    clippy::missing_panics_doc,
    reason = "the properties are assertions: a panic is a finding"
)]

use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequest, Request};
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use futures_util::FutureExt as _;
use latchkey_core::{LoginFlow, Timestamp};
use latchkey_tokens::flow_seal::MAX_SEALED_BYTES;
use latchkey_tokens::{MasterKey, SystemRng};
use latchkey_types as wire;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::extract::{FlowCookies, Form, OptionalJson, Paging, client_address};
use crate::services::flows::Flows;
use crate::services::user_agent;
use crate::settings::TrustedProxies;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

static FLOWS: LazyLock<Flows> = LazyLock::new(|| Flows::new(&MasterKey::random(&SystemRng)));

/// Parses a form, and the same text as the query of a list. The parameters of an accepted form are
/// the same after they are encoded and parsed again.
pub fn form_body(input: &[u8]) -> bool {
    let query = str::from_utf8(input).map(Paging::parse);
    if let Ok(Ok(paging)) = query {
        assert!((1..=100).contains(&paging.limit), "limit={}", paging.limit);
    }
    let Some(form) = extract::<Form>("application/x-www-form-urlencoded", input) else {
        return false;
    };
    let parameters: Vec<_> = form_urlencoded::parse(input)
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let encoded = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&parameters)
        .finish();
    let again = Form::parse(encoded.as_bytes()).expect("a form");
    for (name, value) in &parameters {
        assert_eq!(form.get(name), Some(&**value), "{name}");
        assert_eq!(again.get(name), Some(&**value), "{name} of {encoded}");
    }
    true
}

/// Parses the input as the JSON body of different requests. An accepted body has the same content
/// after it is encoded and parsed again.
pub fn json_body(input: &[u8]) -> bool {
    [
        json::<wire::LogoutRequest>(input),
        json::<wire::RefreshRequest>(input),
        json::<wire::LinkRequest>(input),
        json::<wire::LinkCompletion>(input),
        json::<wire::password::PasswordRequest>(input),
        json::<wire::password::PasswordChangeRequest>(input),
        json::<wire::password::SignUpRequest>(input),
        json::<wire::password::ResetLinkRequest>(input),
        json::<wire::password::PasswordResetRequest>(input),
        json::<wire::admin::BanRequest>(input),
        json::<wire::admin::RolesRequest>(input),
        json::<wire::admin::DenialRequest>(input),
    ]
    .contains(&true)
}

fn json<T: DeserializeOwned + Serialize>(input: &[u8]) -> bool {
    let parse = |body: &[u8]| extract::<OptionalJson<T>>("application/json", body)?.0;
    let Some(request) = parse(input) else {
        return false;
    };
    let value = |request: &T| serde_json::to_value(request).expect("JSON");
    let encoded = serde_json::to_vec(&request).expect("JSON");
    let again = parse(&encoded).expect("a request that was encoded");
    assert_eq!(value(&again), value(&request));
    true
}

/// Reads the flow cookies in a `Cookie` header. None of them can be opened, because only the server
/// can seal a flow, and each is read the same way if it is the only cookie in the header. If the
/// input is a flow in JSON, the flow is sealed, and can be opened unless it has expired or its cookie
/// is too long.
pub fn flow_cookie(input: &[u8]) -> bool {
    const PREFIX: &str = "__Host-latchkey-flow-";
    const STATE: &str = "the state of the sign-in";
    let read = |header: &[u8]| {
        let value = HeaderValue::from_bytes(header).ok()?;
        let headers = HeaderMap::from_iter([(COOKIE, value)]);
        Some(FlowCookies::of(&headers, PREFIX).0)
    };
    if let Ok(flow) = serde_json::from_slice::<LoginFlow>(input) {
        let sealed = FLOWS.seal(STATE, &flow);
        let header = format!("other=1; {PREFIX}{}={}", sealed.id, sealed.sealed);
        let cookies = read(header.as_bytes()).expect("a header");
        let is_usable = NOW < flow.expires_at && sealed.sealed.len() <= MAX_SEALED_BYTES;
        let opened = FLOWS.open(&cookies, STATE, NOW).map(|(_, flow)| flow);
        assert_eq!(opened, is_usable.then_some(flow));
        return is_usable;
    }
    let Some(cookies) = read(input) else {
        return false;
    };
    assert!(
        FLOWS.open(&cookies, STATE, NOW).is_none(),
        "a flow was forged"
    );
    assert!(FLOWS.excess(&cookies).is_empty(), "a flow was forged");
    for cookie in &cookies {
        let header = format!("{PREFIX}{}={}", cookie.id, cookie.sealed);
        assert_eq!(
            read(header.as_bytes()),
            Some(vec![cookie.clone()]),
            "{header}"
        );
    }
    !cookies.is_empty()
}

/// Reads a `User-Agent`. No name is empty, or much longer than the header.
pub fn user_agent(input: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(input) else {
        return false;
    };
    let program = user_agent::read(Some(text));
    for name in [&program.browser, &program.system].into_iter().flatten() {
        assert!(!name.is_empty() && name.len() <= 40 + text.len(), "{name}");
    }
    program.browser.is_some()
}

/// Finds the client's address in an `X-Forwarded-For` header from a trusted proxy. If the header
/// contains only that address, the result is the same. A header from an untrusted sender is ignored.
/// Returns whether an address other than the proxy's own was found.
pub fn forwarded_for(input: &[u8]) -> bool {
    let trusted: TrustedProxies = ["10.0.0.0/8", "2001:db8::/32"]
        .map(|network| TrustedProxies::parse(network).expect("a network"))
        .into_iter()
        .collect();
    let find = |peer: &str, header: &[u8]| {
        let peer: IpAddr = peer.parse().expect("an address");
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from((peer, 4711))));
        let name = HeaderName::from_static("x-forwarded-for");
        let headers = HeaderMap::from_iter([(name, HeaderValue::from_bytes(header).ok()?)]);
        let found = client_address(&extensions, &headers, &trusted);
        Some((peer, found.expect("an address")))
    };
    let Some((proxy, found)) = find("10.0.0.1", input) else {
        return false;
    };
    let again = find("10.0.0.1", found.to_string().as_bytes());
    assert_eq!(again, Some((proxy, found)));
    let (peer, ignored) = find("198.51.100.7", input).expect("a header");
    assert_eq!(ignored, peer, "the sender is not trusted");
    found != proxy
}

/// The value that an extractor reads from a request with this body.
fn extract<T: FromRequest<()>>(media_type: &'static str, body: &[u8]) -> Option<T> {
    let mut request = Request::new(Body::from(body.to_vec()));
    let value = HeaderValue::from_static(media_type);
    request.headers_mut().insert(CONTENT_TYPE, value);
    let extracted = T::from_request(request, &()).now_or_never();
    extracted.expect("the body is in memory").ok()
}

#[cfg(test)]
mod tests {
    use crate::replay::replay;

    #[test]
    fn corpus_of_form_bodies_is_accepted_or_refused_as_its_file_names_say() {
        replay("form_body", super::form_body);
    }

    #[test]
    fn corpus_of_json_bodies_is_accepted_or_refused_as_its_file_names_say() {
        replay("json_body", super::json_body);
    }

    #[test]
    fn corpus_of_flow_cookies_is_accepted_or_refused_as_its_file_names_say() {
        replay("flow_cookie", super::flow_cookie);
    }

    #[test]
    fn corpus_of_user_agents_is_accepted_or_refused_as_its_file_names_say() {
        replay("user_agent", super::user_agent);
    }

    #[test]
    fn corpus_of_forwarded_addresses_is_accepted_or_refused_as_its_file_names_say() {
        replay("forwarded_for", super::forwarded_for);
    }
}
