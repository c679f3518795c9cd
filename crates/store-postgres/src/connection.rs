//! Connecting to PostgreSQL, and checking that it is the expected store.

use core::time::Duration;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use latchkey_store::StoreError;
use latchkey_store::remote::{CALL_TIMEOUT, Connect, ExpectedStoreId};
use latchkey_store::table::STORE_ID;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Socket, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::Url;

use crate::commit::Parameters;
use crate::{error, fetch, migrations, settings, tls};

/// The address of the database.
#[derive(Clone)]
pub struct Address {
    /// Host, port, user, password, database.
    pub config: Config,
    /// Whether to use TLS; certificates are always checked.
    pub tls: bool,
    /// Root certificates in PEM to trust instead of the system's.
    pub roots: Option<Vec<u8>>,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").finish_non_exhaustive()
    }
}

impl Address {
    /// Parses `postgresql://user@host[:port]/database`, or `postgresqls://` for TLS. The parameters
    /// `sslmode=require` and `sslmode=verify-full` also select TLS. `password` overrides that of
    /// the URL. The error says what is wrong with the URL.
    pub fn new(url: &Url, password: Option<&str>, roots: Option<Vec<u8>>) -> Result<Self, String> {
        let mut tls = matches!(url.scheme(), "postgress" | "postgresqls");
        for (name, value) in url.query_pairs() {
            match (&*name, &*value) {
                ("sslmode", "require" | "verify-full") => tls = true,
                ("sslmode", "disable") if !tls => {}
                ("sslmode", _) => {
                    let valid = "require, verify-full, or (without TLS) disable";
                    return Err(format!("the parameter sslmode must be {valid}"));
                }
                // Do not quote the value: it may be a password.
                _ => return Err(format!("unknown parameter {name}")),
            }
        }
        let mut plain = url.clone();
        plain.set_query(None);
        let rest = plain
            .as_str()
            .split_once("://")
            .map_or("", |(_, rest)| rest);
        let parsed = format!("postgresql://{rest}").parse();
        let mut config: Config =
            parsed.map_err(|error: tokio_postgres::Error| error.to_string())?;
        if let Some(password) = password {
            config.password(password);
        }
        config.ssl_mode(if tls {
            SslMode::Require
        } else {
            SslMode::Disable
        });
        Ok(Self { config, tls, roots })
    }
}

/// Session settings. The timeouts end statements that still wait for a lock or run after their caller
/// has given up. All queries for records use an index, so a generic plan without a sequential scan is
/// always right. `read committed` lets a commit that waited for locks see the latest changes.
const OPTIONS: &str = "-c statement_timeout=5s -c lock_timeout=2s \
                       -c default_transaction_isolation=read\\ committed \
                       -c enable_seqscan=off -c plan_cache_mode=force_generic_plan";

/// Locks conflict groups until the end of the transaction, in the same order as a commit.
const LOCK_GROUPS: &str = "SELECT pg_advisory_xact_lock(number) \
     FROM (SELECT DISTINCT unnest($1::bigint[]) AS number ORDER BY 1) AS sorted";
/// Locks rows until the end of the transaction, in the same order as a commit.
const LOCK_ROWS: &str = "SELECT FROM latchkey.records WHERE key = ANY ($1) ORDER BY key FOR UPDATE";
/// Locks rows in shared mode and in the same order: other transactions can lock them in shared mode,
/// too, but not change them.
const SHARE_ROWS: &str = "SELECT FROM latchkey.records WHERE key = ANY ($1) ORDER BY key FOR SHARE";

/// The prepared statements that lock records.
pub(crate) struct Locks {
    pub(crate) groups: Statement,
    pub(crate) rows: Statement,
    pub(crate) shared_rows: Statement,
}

/// Opens connections to an address.
pub(crate) struct Connector {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    expected: Arc<ExpectedStoreId>,
}

/// A connection with its prepared statements.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) fetch: fetch::Statements,
    pub(crate) commit: Statement,
    pub(crate) locks: Locks,
}

impl Connector {
    pub(crate) fn new(
        address: &Address,
        expected: Arc<ExpectedStoreId>,
    ) -> Result<Self, StoreError> {
        let mut config = address.config.clone();
        config
            .application_name("latchkey")
            .connect_timeout(CALL_TIMEOUT)
            .keepalives_idle(Duration::from_secs(5))
            .keepalives_interval(Duration::from_secs(2))
            .keepalives_retries(3)
            .options(OPTIONS);
        let tls = if address.tls {
            Some(tls::connector(address.roots.as_deref())?)
        } else {
            None
        };
        Ok(Self {
            config,
            tls,
            expected,
        })
    }

    /// Checks the settings and runs pending migrations.
    pub(crate) async fn migrate(&self) -> Result<(), StoreError> {
        let (mut client, _) = self.connect_unchecked().await?;
        settings::check(&client).await?;
        migrations::run(&mut client).await
    }

    /// Opens a connection, and returns it with its notifications.
    async fn connect_unchecked(&self) -> Result<(Client, UnboundedReceiver<String>), StoreError> {
        match &self.tls {
            Some(tls) => connect(&self.config, tls.clone()).await,
            None => connect(&self.config, NoTls).await,
        }
    }

    /// Opens a connection, checks the settings and the store's id, and returns the connection with
    /// its notifications.
    pub(crate) async fn connect_checked(
        &self,
    ) -> Result<(Client, UnboundedReceiver<String>), StoreError> {
        let (client, notifications) = self.connect_unchecked().await?;
        settings::check(&client).await?;
        let id = client
            .query_opt(
                "SELECT value FROM latchkey.records WHERE key = $1",
                &[&STORE_ID.key(&())],
            )
            .await
            .map_err(|error| error::unavailable(&error))?;
        let id: Option<&[u8]> = id.as_ref().map(|row| row.get(0));
        self.check_id(id)?;
        Ok((client, notifications))
    }

    /// Checks the value of the store-id record, or its absence, against the expected id.
    pub(crate) fn check_id(&self, id: Option<&[u8]>) -> Result<(), StoreError> {
        self.expected.check(id)
    }
}

impl Connect for Connector {
    type Connection = Connection;

    async fn connect(&self) -> Result<Connection, StoreError> {
        let (client, _) = self.connect_checked().await?;
        let prepared = async {
            let fetch = fetch::Statements::prepare(&client).await?;
            let commit = client.prepare(&Parameters::statement()).await?;
            let locks = Locks {
                groups: client.prepare(LOCK_GROUPS).await?,
                rows: client.prepare(LOCK_ROWS).await?,
                shared_rows: client.prepare(SHARE_ROWS).await?,
            };
            Ok((fetch, commit, locks))
        };
        let (fetch, commit, locks) = prepared.await.map_err(|error| error::unavailable(&error))?;
        Ok(Connection {
            client,
            fetch,
            commit,
            locks,
        })
    }
}

/// Connects, and spawns a task that drives the connection until it closes.
async fn connect<T>(
    config: &Config,
    tls: T,
) -> Result<(Client, UnboundedReceiver<String>), StoreError>
where
    T: MakeTlsConnect<Socket> + Send,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as tokio_postgres::tls::TlsConnect<Socket>>::Future: Send,
{
    let connected = config.connect(tls).await;
    let (client, mut connection) = connected.map_err(|error| error::unavailable(&error))?;
    let (sender, notifications) = unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(notification) = message {
                // Most connections drop the receiver.
                drop(sender.send(notification.payload().to_owned()));
            }
        }
    });
    Ok((client, notifications))
}
