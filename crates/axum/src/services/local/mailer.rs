//! Sends mail over SMTP, encrypted unless the mail server is on this machine. Messages are plain
//! text. Who gets one, and when, is decided by use cases.

use core::time::Duration;
use std::fmt;
use std::sync::Arc;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use secrecy::ExposeSecret as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::settings::{InvalidMail, Mail, PublicUrl};

/// How long one step of the conversation with the mail server may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// How long sending one message may take.
const SEND_TIMEOUT: Duration = Duration::from_mins(1);
/// How many messages may wait or be on the way.
const MAX_PENDING: usize = 100;
/// How many connections to the mail server may be open.
const MAX_CONNECTIONS: usize = 4;

/// Longer usernames are left out of messages about a new password.
const MAX_SHOWN_USERNAME: usize = 20;

/// Sends messages.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    places: Arc<Semaphore>,
    connections: Semaphore,
}

/// A message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The address or the text is not valid.
    #[error("the message is not valid: {0}")]
    Message(String),
    /// The mail server refused the message, or could not be reached.
    #[error("{0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// The mail server is too slow.
    #[error("the mail server did not accept the message within {} s", SEND_TIMEOUT.as_secs())]
    Timeout,
}

impl Mailer {
    /// Prepares sending. Does not connect.
    pub fn new(mail: &Mail) -> Result<Self, InvalidMail> {
        let (from, tls) = (mail.sender()?, mail.tls()?);
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.host)
            .port(mail.port())
            .tls(tls)
            .timeout(Some(STEP_TIMEOUT));
        if let Some((username, password)) = &mail.credentials {
            let password = password.expose_secret().to_owned();
            transport = transport.credentials(Credentials::new(username.clone(), password));
        }
        Ok(Self {
            transport: transport.build(),
            from,
            places: Arc::new(Semaphore::new(MAX_PENDING)),
            connections: Semaphore::new(MAX_CONNECTIONS),
        })
    }

    /// A place for one message; `None` if too many are pending. Dropping it frees the place.
    pub fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Sends a message.
    pub async fn send(&self, message: &Message) -> Result<(), MailError> {
        let invalid = |error: &dyn fmt::Display| MailError::Message(error.to_string());
        // The error is logged, so it does not quote the address.
        let to = message
            .to
            .parse()
            .map_err(|_| invalid(&"invalid address"))?;
        let built = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&message.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(message.text.clone())
            .map_err(|error| invalid(&error))?;
        let _connection = self.connections.acquire().await;
        let sent = tokio::time::timeout(SEND_TIMEOUT, self.transport.send(built));
        sent.await.map_err(|_| MailError::Timeout)??;
        Ok(())
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").finish_non_exhaustive()
    }
}

/// A message.
pub struct Message {
    to: String,
    subject: String,
    text: String,
}

/// Hides the text, which contains a link.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

impl Message {
    /// A link to set a new password.
    ///
    /// Nobody verified that the address belongs to the user, so the message contains no text that an
    /// attacker could use to write to a stranger.
    pub fn set_password(to: &str, username: &str, site: &PublicUrl, link: &str) -> Self {
        let host = site.authority();
        let account = if is_plain(username) {
            format!("account {username}")
        } else {
            "account".to_owned()
        };
        Self {
            to: to.to_owned(),
            subject: format!("Set a new password for {host}"),
            text: format!(
                "Someone asked to set a new password for your {account} at {site}.\n\
                 \n\
                 To set one, open this link within an hour. It works once.\n\
                 \n\
                 {link}\n\
                 \n\
                 If it was not you, ignore this message. Your password stays as it is.\n"
            ),
        }
    }

    /// A link to set the first password of an account that an operator created.
    pub fn new_account(to: &str, username: &str, site: &PublicUrl, link: &str) -> Self {
        let host = site.authority();
        Self {
            to: to.to_owned(),
            subject: format!("Your account at {host}"),
            text: format!(
                "An account was created for you at {site}. Your username is {username}.\n\
                 \n\
                 To set your password, open this link within an hour. It works once.\n\
                 \n\
                 {link}\n"
            ),
        }
    }

    /// An invitation to create an account.
    pub fn invitation(to: &str, site: &PublicUrl, link: &str) -> Self {
        let host = site.authority();
        Self {
            to: to.to_owned(),
            subject: format!("Create your account at {host}"),
            text: format!(
                "You are invited to create an account at {site}.\n\
                 \n\
                 To create it, open this link within an hour. It works once.\n\
                 \n\
                 {link}\n"
            ),
        }
    }
}

/// Whether a username is one short word, which cannot be a link, an address, or a message.
fn is_plain(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    name.len() <= MAX_SHOWN_USERNAME && name.bytes().all(is_word)
}
