//! Signing in by the demo provider, as a browser would, for a token to measure with.

use std::fmt::Write as _;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use serde_json::Value;

use super::form::{Form, decode, encode};
use crate::http::{self, Request, Response};

const LOGIN: &str = "/auth/login?provider=demo&return_to=/account";

/// Signs the first demo account in; its access token.
pub(crate) fn access_token(server: SocketAddr) -> Result<String> {
    let login = get(server, LOGIN)?.expect(303, "starting the sign-in")?;
    let cookie = login
        .header("set-cookie")
        .context("the sign-in set no cookie")?;
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let page = get(server, local(&login)?)?.expect(200, "the demo provider's page")?;
    let form = Form::first(page.text()?).context("the demo provider's page has no form")?;
    let chosen = submit(server, &form)?.expect(303, "choosing an account")?;
    let (path, query) = local(&chosen)?
        .split_once('?')
        .context("the way back has no query")?;
    let redirect_uri = encode(&format!("http://{server}{path}"));
    let mut body = format!("grant_type=authorization_code&redirect_uri={redirect_uri}");
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        if ["code", "state", "iss"].contains(&name) {
            write!(body, "&{name}={}", encode(&decode(value)))?;
        }
    }
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("cookie", &*cookie),
    ];
    let request = Request {
        method: "POST",
        target: "/auth/token",
        headers: &headers,
        body: &body,
    };
    let tokens = http::send(server, &request)?.expect(200, "the token endpoint")?;
    let tokens: Value = serde_json::from_slice(&tokens.body).context("the tokens are no JSON")?;
    let token = tokens.get("access_token").and_then(Value::as_str);
    token
        .map(str::to_owned)
        .context("the token endpoint gave no access_token")
}

fn get(server: SocketAddr, target: &str) -> Result<Response> {
    http::send(server, &Request::get(target, &[("accept", "text/html")]))
}

fn submit(server: SocketAddr, form: &Form) -> Result<Response> {
    let action = path_of(&form.action);
    if form.method != "post" {
        let joint = if action.contains('?') { '&' } else { '?' };
        return get(server, &format!("{action}{joint}{}", form.body()));
    }
    let origin = format!("http://{server}");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", origin.as_str()),
    ];
    let body = form.body();
    http::send(
        server,
        &Request {
            method: "POST",
            target: action,
            headers: &headers,
            body: &body,
        },
    )
}

/// Where a redirect leads, on this server.
fn local(answer: &Response) -> Result<&str> {
    let location = answer
        .header("location")
        .context("a redirect without location")?;
    Ok(path_of(location))
}

/// Path and query of a URL; a path as it is.
fn path_of(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else {
        return url;
    };
    rest.find('/').map_or("/", |at| &rest[at..])
}
