//! A scripted mail server without encryption, which records conversations. Encryption and
//! authentication are tested with a real server, in `delivery.rs`.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What the server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behavior {
    /// Accepts messages.
    Accepts,
    /// Refuses all recipients.
    Refuses,
}

/// What happened in one connection.
#[derive(Debug)]
pub(crate) struct Conversation {
    /// The commands that the client sent.
    pub(crate) commands: Vec<String>,
    /// The message.
    pub(crate) message: Option<String>,
}

impl Conversation {
    /// The message without its transfer encoding.
    pub(crate) fn text(&self) -> String {
        let message = self.message.as_deref().expect("a message");
        // Quoted-printable: soft line breaks, and the equals sign.
        message.replace("=\r\n", "").replace("=3D", "=")
    }

    /// The value of this parameter in the fragment of the link in the message.
    pub(crate) fn token(&self, parameter: &str) -> String {
        let text = self.text();
        let (_, rest) = text
            .split_once(&format!("#{parameter}="))
            .expect("the link");
        let end = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
        rest.split(end).next().expect("a token").to_owned()
    }
}

/// A running mail server.
pub(crate) struct SmtpServer {
    address: SocketAddr,
    conversations: UnboundedReceiver<Conversation>,
}

impl SmtpServer {
    pub(crate) async fn start(behavior: Behavior) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, conversations) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, behavior, sender.clone()));
            }
        });
        Self {
            address,
            conversations,
        }
    }

    /// The section `[mail]` for this server.
    pub(crate) fn section(&self) -> String {
        format!(
            "[mail]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n\
             from = \"Notes <notes@example.com>\"\n",
            self.address.port(),
        )
    }

    /// The next finished conversation.
    pub(crate) async fn next(&mut self) -> Conversation {
        self.conversations.recv().await.expect("a conversation")
    }

    /// How many other conversations have finished. Discards them.
    pub(crate) fn others(&mut self) -> usize {
        let mut count = 0;
        while self.conversations.try_recv().is_ok() {
            count += 1;
        }
        count
    }
}

async fn converse(stream: TcpStream, behavior: Behavior, sender: UnboundedSender<Conversation>) {
    let mut conversation = Conversation {
        commands: Vec::new(),
        message: None,
    };
    let mut stream = BufReader::new(stream);
    if stream.write_all(b"220 test ready\r\n").await.is_err() {
        return;
    }
    respond(&mut stream, behavior, &mut conversation).await;
    drop(sender.send(conversation));
}

/// Responds to commands until the end of the connection.
async fn respond(
    stream: &mut BufReader<TcpStream>,
    behavior: Behavior,
    conversation: &mut Conversation,
) {
    loop {
        let mut line = String::new();
        match stream.read_line(&mut line).await {
            Ok(length) if length > 0 => {}
            _ => return,
        }
        let command = line.trim_end().to_owned();
        let name = command.split([' ', ':']).next().unwrap_or_default();
        let is_data = name == "DATA";
        let response = match name.to_ascii_uppercase().as_str() {
            "EHLO" => "250 test\r\n",
            "RCPT" if behavior == Behavior::Refuses => "550 5.1.1 no such mailbox\r\n",
            "DATA" => "354 end with a dot\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "250 done\r\n",
        };
        if stream.write_all(response.as_bytes()).await.is_err() {
            return;
        }
        conversation.commands.push(command);
        if is_data {
            let mut text = String::new();
            while !text.ends_with("\r\n.\r\n") {
                match stream.read_line(&mut text).await {
                    Ok(length) if length > 0 => {}
                    _ => return,
                }
            }
            conversation.message = Some(text);
            if stream.write_all(b"250 accepted\r\n").await.is_err() {
                return;
            }
        }
    }
}
