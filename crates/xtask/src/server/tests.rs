//! A server is started, found, and ended.

use std::net::TcpStream;

use super::*;

fn start(script: &str) -> (Result<Server>, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let mut command = Command::new("sh");
    (Server::start(command.args(["-c", script]), &log), folder)
}

#[test]
fn the_address_is_read_from_a_finished_line_only() {
    let line = "2026 INFO listening on http://127.0.0.1:4711 pages=dist\n";
    assert_eq!(
        listening(line),
        Some(SocketAddr::from(([127, 0, 0, 1], 4711)))
    );
    assert_eq!(listening("listening on http://127.0.0.1:47"), None);
    assert_eq!(listening("starting\n"), None);
}

#[test]
fn colours_after_the_address_do_no_harm() {
    let line = "listening on http://127.0.0.1:4711\u{1b}[0m\n";
    assert_eq!(
        listening(line),
        Some(SocketAddr::from(([127, 0, 0, 1], 4711)))
    );
}

#[test]
fn a_server_that_ends_at_once_says_why() {
    let (started, _folder) = start("echo the port is taken >&2; exit 1");
    let error = started.err().expect("it ended").to_string();
    assert!(
        error.contains("exit status: 1") && error.contains("the port is taken"),
        "{error}"
    );
}

#[test]
fn a_server_is_found_and_stopped() {
    let (started, _folder) = start("echo listening on http://127.0.0.1:9 >&2; exec sleep 600");
    let server = started.expect("it listens");
    assert_eq!(server.address.port(), 9);
    assert!(TcpStream::connect(server.address).is_err(), "only said so");
    server.stop().expect("it ends");
}
