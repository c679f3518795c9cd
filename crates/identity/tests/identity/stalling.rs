//! Servers that take a request and then take their time.

use core::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How a server wastes time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stall {
    /// It never says anything.
    Silence,
    /// It sends its header a byte at a time, without an end.
    DripHeader,
    /// It sends its body a byte at a time, without an end.
    DripBody,
    /// It sends as much as it can, without an end.
    Flood,
}

/// Starts such a server; its address. It ends with the test's runtime.
pub(crate) async fn start(stall: Stall) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, stall));
        }
    });
    format!("http://{address}")
}

async fn serve(mut stream: TcpStream, stall: Stall) {
    let mut request = [0; 4096];
    if stream.read(&mut request).await.is_err() {
        return;
    }
    let (head, piece, pause) = match stall {
        Stall::Silence => ("", Vec::new(), 1000),
        Stall::DripHeader => ("HTTP/1.1 200 OK\r\nx-", b"a".to_vec(), 50),
        Stall::DripBody => (
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"a\":\"",
            b"a".to_vec(),
            50,
        ),
        Stall::Flood => (
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
