//! The server to measure, in this process, and sign-ins to it.

use std::env;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use axum::Router;
use latchkey_axum::use_cases::local_operator::{LocalOperator, NewLocalAccount};
use latchkey_axum::{Latchkey, MasterKey, Provider, Serving, SignUp, Store, TrustedProxies};
use latchkey_core::Actor;
use latchkey_testing::ApiClient;
use serde_json::json;
use tokio::net::TcpListener;

/// The password of every account.
pub(crate) const PASSWORD: &str = "vostok-lantern-77";
/// The password of no account.
pub(crate) const WRONG_PASSWORD: &str = "copper anvil meadow";

/// Starts a server with these local accounts. The store is embedded, or the PostgreSQL database at
/// `LATCHKEY_STORE__URL`.
pub(crate) async fn serve(folder: &Path, usernames: &[&str]) -> Result<SocketAddr> {
    let store = match env::var("LATCHKEY_STORE__URL") {
        Ok(url) => Store::postgres(url),
        Err(_) => Store::sled(folder.join("data")),
    };
    let loopback = TrustedProxies::parse("127.0.0.1").map_err(anyhow::Error::msg)?;
    let auth = Latchkey::builder("http://127.0.0.1:3000")
        .store(store)
        .master_key(MasterKey::random())
        .provider(Provider::local(SignUp::Off))
        .trusted_proxies([loopback].into_iter().collect())
        .open()
        .await?;
    let operator = LocalOperator::online(auth.services(), Actor::Application);
    for username in usernames {
        let new = NewLocalAccount {
            username: (*username).to_owned(),
            password: Some(PASSWORD.to_owned().into()),
            ..NewLocalAccount::default()
        };
        // In a database that is used again, the account already exists.
        drop(operator.create(new).await);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        let app = Router::new().merge(auth.router());
        let serving = Serving::new(listener);
        let served = auth.serve_with(serving, app, std::future::pending()).await;
        served.expect("the server runs");
    });
    Ok(address)
}

/// A sign-in by a client with this address.
pub(crate) fn sign_in(
    client: &ApiClient,
    address: &str,
    username: &str,
    password: &str,
) -> reqwest::RequestBuilder {
    let body = json!({ "username": username, "password": password });
    let request = client.post("/auth/password").json(&body);
    request.header("x-forwarded-for", address)
}
