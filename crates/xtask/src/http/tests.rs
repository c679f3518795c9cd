//! What goes over the wire, and what is made of the answer.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use super::*;

#[test]
fn an_answer_is_taken_apart() {
    let answer = b"HTTP/1.1 303 See Other\r\nLocation: /a?b=c:d\r\nX:  y \r\n\r\nbody";
    let response = parse(answer).expect("well-formed");
    assert_eq!(response.status, 303);
    assert_eq!(response.header("location"), Some("/a?b=c:d"));
    assert_eq!(response.header("x"), Some("y"));
    assert_eq!(response.body, b"body");
}

#[test]
fn chunks_are_joined() {
    let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\nA;x=y\r\n\r\n23456789\r\n0\r\n\r\n";
    let response = parse(answer).expect("well-formed");
    assert_eq!(response.body, b"wiki\r\n23456789");
}

#[test]
fn chunks_that_break_off_are_an_error() {
    let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort";
    assert!(parse(answer).is_err());
}

#[test]
fn something_else_than_http_is_an_error() {
    assert!(parse(b"SSH-2.0-x\r\n\r\n").is_err());
    assert!(parse(b"").is_err());
}

#[test]
fn a_request_carries_its_headers_and_length() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut seen = vec![0; 1024];
        let mut length = 0;
        while !seen[..length].ends_with(b"a=b") {
            length += stream.read(&mut seen[length..]).expect("the request");
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\n\r\nok")
            .expect("the answer");
        String::from_utf8(seen[..length].to_vec()).expect("text")
    });
    let request = Request {
        method: "POST",
        target: "/t?q",
        headers: &[("accept", "*/*")],
        body: "a=b",
    };
    let response = send(address, &request).expect("an answer");
    assert_eq!(response.text().expect("text"), "ok");
    let seen = server.join().expect("no panic");
    assert_eq!(
        seen,
        format!(
            "POST /t?q HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\naccept: */*\r\n\
             content-length: 3\r\n\r\na=b"
        )
    );
}

#[test]
fn an_unexpected_status_shows_the_body() {
    let response = parse(b"HTTP/1.1 503 No\r\n\r\nout of order").expect("well-formed");
    let error = response
        .expect(200, "the page")
        .err()
        .expect("not 200")
        .to_string();
    assert_eq!(
        error,
        "the page: expected status 200, got 503: out of order"
    );
}
