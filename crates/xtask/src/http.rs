//! A small HTTP/1.1 client for a server on this machine.
//!
//! Enough to look at what the server answers, byte for byte, with nothing decoded on the way.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// No answer of a server on this machine takes longer than this.
const LIMIT: Duration = Duration::from_secs(10);

/// A request; `Host` and `Connection: close` are added.
pub(crate) struct Request<'a> {
    /// `GET`, `POST`, …
    pub(crate) method: &'a str,
    /// Path and query.
    pub(crate) target: &'a str,
    /// Header names and values.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// The body, empty for none.
    pub(crate) body: &'a str,
}

impl<'a> Request<'a> {
    /// A `GET` of `target` with `headers`.
    pub(crate) const fn get(target: &'a str, headers: &'a [(&'a str, &'a str)]) -> Self {
        Self {
            method: "GET",
            target,
            headers,
            body: "",
        }
    }
}

/// An answer, its body as it came over the wire but for chunked framing.
pub(crate) struct Response {
    /// The status code.
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    /// The body, still compressed if it was.
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The first header called `name`, in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).context("the body is not UTF-8")
    }

    /// This answer if it has the status `wanted`; an error that shows the body otherwise.
    pub(crate) fn expect(self, wanted: u16, what: &str) -> Result<Self> {
        if self.status == wanted {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body);
        let start: String = body.chars().take(300).collect();
        bail!(
            "{what}: expected status {wanted}, got {}: {start}",
            self.status
        )
    }
}

/// Sends `request` to `server` on a connection of its own and reads the whole answer.
pub(crate) fn send(server: SocketAddr, request: &Request<'_>) -> Result<Response> {
    exchange(server, request)
        .with_context(|| format!("{} http://{server}{}", request.method, request.target))
}

fn exchange(server: SocketAddr, request: &Request<'_>) -> Result<Response> {
    let mut stream = TcpStream::connect_timeout(&server, LIMIT).context("cannot connect")?;
    stream.set_read_timeout(Some(LIMIT))?;
    let mut head = format!(
        "{} {} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n",
        request.method, request.target
    );
    for (name, value) in request.headers {
        write!(head, "{name}: {value}\r\n")?;
    }
    if !request.body.is_empty() {
        write!(head, "content-length: {}\r\n", request.body.len())?;
    }
    stream.write_all(format!("{head}\r\n{}", request.body).as_bytes())?;
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .context("the answer broke off")?;
    parse(&answer)
}

fn parse(answer: &[u8]) -> Result<Response> {
    let end = find(answer, b"\r\n\r\n").context("the answer has no end of headers")?;
    let head = std::str::from_utf8(&answer[..end]).context("the headers are not UTF-8")?;
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .with_context(|| format!("`{status_line}` is not a status line"))?;
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let chunked = headers
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value.eq_ignore_ascii_case("chunked"));
    let rest = &answer[end + 4..];
    let body = if chunked {
        unchunk(rest)?
    } else {
        rest.to_vec()
    };
    Ok(Response {
        status,
        headers,
        body,
    })
}

/// Undoes the chunked transfer coding (RFC 9112 §7.1).
fn unchunk(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = find(rest, b"\r\n").context("a chunk has no size")?;
        let size = std::str::from_utf8(&rest[..end])?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).context("a chunk's size is not a number")?;
        if size == 0 {
            return Ok(body);
        }
        let chunk = rest
            .get(end + 2..end + 2 + size)
            .context("a chunk is cut short")?;
        body.extend_from_slice(chunk);
        rest = rest
            .get(end + 2 + size + 2..)
            .context("the last chunk is missing")?;
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests;
