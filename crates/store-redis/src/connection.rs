//! Connecting to Redis, and checking that it is the expected store.

use std::fmt;
use std::sync::Arc;

use latchkey_store::StoreError;
use latchkey_store::remote::{CALL_TIMEOUT, Connect, ExpectedStoreId};
use latchkey_store::table::STORE_ID;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo,
    TlsCertificates,
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::unavailable;
use crate::settings;

/// The address of the database.
#[derive(Clone)]
pub struct Address {
    /// `redis://[user@]host[:port][/database]`, or `rediss://` for TLS.
    pub url: String,
    /// The password, unless it is part of the URL or not needed.
    pub password: Option<SecretString>,
    /// Root certificates in PEM to trust instead of the system's.
    pub roots: Option<Vec<u8>>,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").finish_non_exhaustive()
    }
}

/// The prefix of the keys of records in Redis.
const RECORDS: &[u8] = b"latchkey:record:";

/// The key of the store's id in Redis.
pub(crate) fn id_key() -> Vec<u8> {
    [RECORDS, &STORE_ID.key(&())].concat()
}

/// Opens connections to an address.
pub(crate) struct Connector {
    client: Client,
    expected: Arc<ExpectedStoreId>,
}

impl Connector {
    pub(crate) fn new(
        address: &Address,
        expected: Arc<ExpectedStoreId>,
    ) -> Result<Self, StoreError> {
        // `redis` uses the process-wide crypto provider. This call fails if one is already set.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = client(address).map_err(|error| unavailable(&error))?;
        Ok(Self { client, expected })
    }

    /// The id of the expected store.
    pub(crate) fn expected(&self) -> &ExpectedStoreId {
        &self.expected
    }
}

fn client(address: &Address) -> redis::RedisResult<Client> {
    let mut info: ConnectionInfo = address.url.as_str().into_connection_info()?;
    if let Some(password) = &address.password {
        let known: RedisConnectionInfo = info.redis_settings().clone();
        info = info.set_redis_settings(known.set_password(password.expose_secret()));
    }
    match &address.roots {
        None => Client::open(info),
        Some(roots) => Client::build_with_tls(
            info,
            TlsCertificates {
                client_tls: None,
                root_cert: Some(roots.clone()),
            },
        ),
    }
}

impl Connect for Connector {
    type Connection = MultiplexedConnection;

    async fn connect(&self) -> Result<MultiplexedConnection, StoreError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CALL_TIMEOUT))
            // Callers set their own timeouts; a follower waits longer than a call may take.
            .set_response_timeout(None);
        let connect = self
            .client
            .get_multiplexed_async_connection_with_config(&config);
        let mut connection = connect.await.map_err(|error| unavailable(&error))?;
        settings::check(&mut connection).await?;
        let id: Option<Vec<u8>> = redis::cmd("GET")
            .arg(id_key())
            .query_async(&mut connection)
            .await
            .map_err(|error| unavailable(&error))?;
        self.expected.check(id.as_deref())?;
        Ok(connection)
    }
}
