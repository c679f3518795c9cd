//! Connecting, and making sure of what answers.

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

/// Where the database is.
#[derive(Clone)]
pub struct Address {
    /// `redis://[user@]host[:port][/database]`, or `rediss://` for TLS.
    pub url: String,
    /// The password, if there is one and the url does not hold it.
    pub password: Option<SecretString>,
    /// Certificates in PEM to trust instead of the system's.
    pub roots: Option<Vec<u8>>,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").finish_non_exhaustive()
    }
}

/// What the keys of records begin with in Redis.
const RECORDS: &[u8] = b"latchkey:record:";

/// The key of the record of the store's id.
pub(crate) fn id_key() -> Vec<u8> {
    [RECORDS, &STORE_ID.key(&())].concat()
}

/// Makes connections to one address.
pub(crate) struct Connector {
    client: Client,
    expected: Arc<ExpectedStoreId>,
}

impl Connector {
    pub(crate) fn new(
        address: &Address,
        expected: Arc<ExpectedStoreId>,
    ) -> Result<Self, StoreError> {
        // The library takes the process's provider of cryptography; the first one set stays.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = client(address).map_err(|error| unavailable(&error))?;
        Ok(Self { client, expected })
    }

    /// Which store must answer.
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
            // Each caller has a timeout of its own; a follower waits for long.
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
