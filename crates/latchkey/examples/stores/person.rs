//! Somebody who signs in by the demo provider.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use latchkey_types::TokenResponse;
use reqwest::header::{COOKIE, HeaderMap, HeaderName, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};

pub(crate) fn client() -> Result<Client> {
    Ok(Client::builder().redirect(Policy::none()).build()?)
}

/// Signs in; each number is an account of its own.
pub(crate) async fn sign_in(http: &Client, server: &str, number: u64) -> Result<TokenResponse> {
    let login = format!("{server}/auth/login?provider=demo&return_to=/account");
    let begun = http.get(login).send().await?;
    let cookie = text(begun.headers(), &SET_COOKIE)?;
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let mut provider = Url::parse(text(begun.headers(), &LOCATION)?)?;
    let mut form: BTreeMap<String, String> = provider.query_pairs().into_owned().collect();
    form.insert("email".into(), format!("person-{number}@example.com"));
    provider.set_query(None);
    let chosen = http.post(provider).form(&form).send().await?;
    let mut back = Url::parse(text(chosen.headers(), &LOCATION)?)?;
    let mut form: BTreeMap<String, String> = back.query_pairs().into_owned().collect();
    back.set_query(None);
    form.insert("grant_type".into(), "authorization_code".into());
    form.insert("redirect_uri".into(), back.into());
    let token = http
        .post(format!("{server}/auth/token"))
        .header(COOKIE, cookie);
    let answer = token.form(&form).send().await?;
    ensure!(answer.status() == 200, "a sign-in: {}", answer.status());
    Ok(answer.json().await?)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str> {
    let value = headers
        .get(name)
        .with_context(|| format!("{name} is missing"))?;
    Ok(value.to_str()?)
}
