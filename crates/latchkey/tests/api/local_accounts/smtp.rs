//! A mail server for tests.

use std::net::SocketAddr;
use std::sync::Arc;

use latchkey_testing::Certificate;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What the server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behavior {
    /// Offers STARTTLS and accepts messages.
    StartTls,
    /// Accepts messages without encryption.
    Plain,
    /// Refuses all recipients.
    Refuses,
}

/// What happened in one connection.
#[derive(Debug)]
pub(crate) struct Conversation {
    /// The commands that the client sent before STARTTLS.
    pub(crate) plain: Vec<String>,
    /// The commands that the client sent encrypted.
    pub(crate) encrypted: Vec<String>,
    /// The message.
    pub(crate) message: Option<String>,
}

impl Conversation {
    /// The value of this parameter in the fragment of the link in the message.
    pub(crate) fn token(&self, parameter: &str) -> String {
        let message = self.message.as_deref().expect("a message");
        // Quoted-printable: soft line breaks, and the equals sign.
        let text = message.replace("=\r\n", "").replace("=3D", "=");
        let (_, rest) = text
            .split_once(&format!("#{parameter}="))
            .expect("the link");
        let end = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
        rest.split(end).next().expect("a token").to_owned()
    }
}

/// A running mail server.
pub(crate) struct SmtpServer {
    pub(crate) address: SocketAddr,
    pub(crate) certificate: Certificate,
    conversations: UnboundedReceiver<Conversation>,
}

impl SmtpServer {
    pub(crate) async fn start(behavior: Behavior) -> Self {
        let certificate = Certificate::new().expect("a certificate");
        let acceptor = acceptor(&certificate);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, conversations) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(converse(stream, acceptor, behavior, sender));
            }
        });
        Self {
            address,
            certificate,
            conversations,
        }
    }

    /// The section `[mail]` for this server.
    pub(crate) fn section(&self, security: &str) -> String {
        format!(
            "[mail]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = {security:?}\n\
             from = \"Notes <notes@example.com>\"\nca_file = \"{}\"\n",
            self.address.port(),
            self.certificate.authority.display()
        )
    }

    /// The next finished conversation.
    pub(crate) async fn next(&mut self) -> Conversation {
        self.conversations.recv().await.expect("a conversation")
    }

    /// The number of finished conversations that were not yet returned.
    pub(crate) fn others(&mut self) -> usize {
        let mut count = 0;
        while self.conversations.try_recv().is_ok() {
            count += 1;
        }
        count
    }
}

fn acceptor(certificate: &Certificate) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(&certificate.certificate).expect("a file");
    let chain = chain.collect::<Result<Vec<_>, _>>().expect("certificates");
    let key = PrivateKeyDer::from_pem_file(&certificate.key).expect("a key");
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(chain, key).expect("a certificate");
    TlsAcceptor::from(Arc::new(config))
}

async fn converse(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    behavior: Behavior,
    sender: UnboundedSender<Conversation>,
) {
    let mut conversation = Conversation {
        plain: Vec::new(),
        encrypted: Vec::new(),
        message: None,
    };
    let mut stream = BufReader::new(stream);
    if stream.write_all(b"220 test ready\r\n").await.is_err() {
        return;
    }
    let (commands, message) = (&mut conversation.plain, &mut conversation.message);
    if commands_until_tls(&mut stream, behavior, commands, message).await
        && let Ok(stream) = acceptor.accept(stream.into_inner()).await
    {
        let mut stream = BufReader::new(stream);
        let (commands, message) = (&mut conversation.encrypted, &mut conversation.message);
        commands_until_tls(&mut stream, behavior, commands, message).await;
    }
    drop(sender.send(conversation));
}

/// Responds to commands; `true` if the client begins TLS, `false` at the end of the connection.
async fn commands_until_tls<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    behavior: Behavior,
    commands: &mut Vec<String>,
    message: &mut Option<String>,
) -> bool {
    loop {
        let mut line = String::new();
        match stream.read_line(&mut line).await {
            Ok(length) if length > 0 => {}
            _ => return false,
        }
        let command = line.trim_end().to_owned();
        let name = command.split([' ', ':']).next().unwrap_or_default();
        let response = match name.to_ascii_uppercase().as_str() {
            "EHLO" if behavior == Behavior::StartTls => "250-test\r\n250 STARTTLS\r\n",
            "EHLO" => "250 test\r\n",
            "STARTTLS" => "220 ready for TLS\r\n",
            "RCPT" if behavior == Behavior::Refuses => "550 5.1.1 no such mailbox\r\n",
            "DATA" => "354 end with a dot\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "250 done\r\n",
        };
        if stream.write_all(response.as_bytes()).await.is_err() {
            return false;
        }
        let (is_tls, is_data) = (name == "STARTTLS", name == "DATA");
        commands.push(command);
        if is_tls {
            return true;
        }
        if is_data {
            let mut text = String::new();
            while !text.ends_with("\r\n.\r\n") {
                match stream.read_line(&mut text).await {
                    Ok(length) if length > 0 => {}
                    _ => return false,
                }
            }
            *message = Some(text);
            if stream.write_all(b"250 accepted\r\n").await.is_err() {
                return false;
            }
        }
    }
}
