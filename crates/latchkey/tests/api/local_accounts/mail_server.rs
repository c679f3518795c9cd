//! A third-party mail server, aiosmtpd, with encryption and authentication. It shows that mail works
//! with a server that was not written for these tests. `smtp.rs` contains a scripted one.

use std::process::Command;
use std::time::{Duration, Instant};

use latchkey_testing::{Certificate, ServerProcess, Signal};
use serde::Deserialize;
use serde_json::json;

/// How long a message may take to arrive.
const ARRIVAL_TIMEOUT: Duration = Duration::from_mins(1);
const USERNAME: &str = "notes";
pub(super) const SMTP_PASSWORD: &str = "tin-whistle-9";

/// A running mail server.
pub(super) struct MailServer {
    process: ServerProcess,
    security: &'static str,
    pub(super) certificate: Certificate,
    /// How many messages [`next`](Self::next) has returned.
    returned: usize,
}

/// A message that the server accepted.
#[derive(Debug, Deserialize)]
pub(super) struct Mail {
    pub(super) encrypted: bool,
    pub(super) authenticated: bool,
    pub(super) recipients: Vec<String>,
    pub(super) sender: String,
    pub(super) subject: String,
    pub(super) text: String,
}

impl MailServer {
    /// Starts a server that offers STARTTLS (`starttls`), expects TLS (`tls`), or neither (`none`).
    pub(super) fn start(security: &'static str) -> Self {
        let certificate = Certificate::new().expect("a certificate");
        let options = json!({
            "security": security,
            "certificate": certificate.certificate,
            "key": certificate.key,
            "credentials": [USERNAME, SMTP_PASSWORD],
        });
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/api/local_accounts/mail_server.py"
        );
        let mut command = Command::new(python());
        command.args([script, &options.to_string()]);
        Self {
            process: ServerProcess::start(&mut command).expect("the mail server starts"),
            security,
            certificate,
            returned: 0,
        }
    }

    /// The section `[mail]` for this server.
    pub(super) fn section(&self) -> String {
        self.section_with(self.security, &self.certificate, SMTP_PASSWORD)
    }

    /// The section `[mail]` for this server with another `security`, authority or password.
    pub(super) fn section_with(
        &self,
        security: &str,
        trusted: &Certificate,
        password: &str,
    ) -> String {
        let port = self.process.socket().expect("an address").port();
        let authority = trusted.authority.display();
        format!(
            "[mail]\nhost = \"localhost\"\nport = {port}\nsecurity = {security:?}\n\
             from = \"Notes <notes@example.com>\"\nca_file = \"{authority}\"\n\
             username = {USERNAME:?}\npassword = {password:?}\n"
        )
    }

    /// The next message, once it has arrived.
    pub(super) async fn next(&mut self) -> Mail {
        let deadline = Instant::now() + ARRIVAL_TIMEOUT;
        loop {
            let log = self.process.log();
            if let Some(mail) = messages(&log).into_iter().nth(self.returned) {
                self.returned += 1;
                return mail;
            }
            assert!(Instant::now() < deadline, "no message arrived: {log}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Stops the server, and returns the names of all events.
    pub(super) fn stop(mut self) -> Vec<String> {
        self.process.signal(Signal::TERM).expect("it runs");
        let (_, log) = self.process.wait().expect("it ends");
        let events = events(&log).map(|event| event["event"].as_str().expect("a name").to_owned());
        events.collect()
    }
}

/// The complete lines of the log that are JSON. Python may write warnings to other lines.
fn events(log: &str) -> impl Iterator<Item = serde_json::Value> {
    let lines = log.split_inclusive('\n').filter(|it| it.ends_with('\n'));
    lines.filter_map(|line| serde_json::from_str(line).ok())
}

fn messages(log: &str) -> Vec<Mail> {
    let messages = events(log).filter(|event| event["event"] == "message");
    let read = messages.map(|event| serde_json::from_value(event).expect("a message"));
    read.collect()
}

/// A Python interpreter that can import aiosmtpd. Only the system's interpreter finds the Debian
/// package, and another one may come first in PATH.
fn python() -> &'static str {
    let has_server = |python: &&str| {
        let output = Command::new(python)
            .args(["-c", "import aiosmtpd"])
            .output();
        output.is_ok_and(|output| output.status.success())
    };
    ["python3", "/usr/bin/python3"]
        .into_iter()
        .find(has_server)
        .expect(
            "the mail server aiosmtpd was not found; install it (Debian package: \
             python3-aiosmtpd; PyPI: aiosmtpd)",
        )
}
