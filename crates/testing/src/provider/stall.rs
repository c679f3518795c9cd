//! Servers that accept a request and never complete the response.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How a server fails to complete its response.
///
/// ```
/// use latchkey_testing::Stall;
///
/// # #[tokio::main]
/// # async fn main() {
/// let url = Stall::DripBody.start().await;
/// let response = reqwest::get(url).await.unwrap();
/// assert_eq!(response.status(), 200); // Its body never ends.
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Stall {
    /// Sends nothing.
    Silence,
    /// Sends an endless header, one byte at a time.
    DripHeader,
    /// Sends an endless body, one byte at a time.
    DripBody,
    /// Sends an endless body as fast as possible.
    Flood,
}

impl Stall {
    /// Starts a server and returns its URL. It stops with the runtime of the test.
    pub async fn start(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(self.serve(stream));
            }
        });
        format!("http://{address}")
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut request = [0; 4096];
        if stream.read(&mut request).await.is_err() {
            return;
        }
        let (head, piece, pause) = match self {
            Self::Silence => ("", Vec::new(), 1000),
            Self::DripHeader => ("HTTP/1.1 200 OK\r\nx-", b"a".to_vec(), 50),
            Self::DripBody => (
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"a\":\"",
                b"a".to_vec(),
                50,
            ),
            Self::Flood => (
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n\"",
                vec![b'a'; 65_536],
                0,
            ),
        };
        if stream.write_all(head.as_bytes()).await.is_err() {
            return;
        }
        while stream.write_all(&piece).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }
}
