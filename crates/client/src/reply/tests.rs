use super::*;

fn response(status: u16, body: &str) -> Response {
    Response {
        status,
        body: body.to_owned(),
        ..Response::default()
    }
}

const TOKENS: &str = r#"{"access_token":"a","token_type":"Bearer","expires_in":5,
    "refresh_token":"r","refresh_expires_in":9}"#;

#[test]
fn expiry_is_counted_from_the_time_of_the_request() {
    let Reply::Tokens(tokens) = from_refresh(&Ok(response(200, TOKENS)), 1_000) else {
        panic!("tokens expected");
    };
    assert_eq!(tokens.access_expires_at, 6_000);
}

#[test]
fn failures_without_an_explicit_refusal_are_transient() {
    let ended = r#"{"error":"invalid_grant","code":"session_ended"}"#;
    assert_eq!(
        from_refresh(&Ok(response(400, ended)), 0),
        Reply::Refused(Some(ErrorCode::SessionEnded))
    );
    for (status, body) in [
        (200, "<html>Please sign in to this hotel's network</html>"),
        (200, r#"{"access_token":"a"}"#),
        (400, r#"{"error":"invalid_request"}"#),
        (400, "not json"),
        (401, ended),
        (403, ended),
        (404, ""),
        (500, ended),
        (503, r#"{"error":"temporarily_unavailable"}"#),
    ] {
        assert_eq!(
            from_refresh(&Ok(response(status, body)), 0),
            Reply::Unavailable(TransientError::ServerError),
            "{status} {body}"
        );
    }
}

#[test]
fn a_key_mismatch_is_a_refusal() {
    let body = r#"{"error":"invalid_dpop_proof","code":"key_mismatch"}"#;
    assert_eq!(
        from_refresh(&Ok(response(400, body)), 0),
        Reply::Refused(Some(ErrorCode::KeyMismatch))
    );
}

#[test]
fn a_rejected_proof_does_not_end_the_session() {
    for code in ["invalid_dpop_proof", "use_dpop_nonce"] {
        let body = format!(r#"{{"error":"{code}","code":"{code}"}}"#);
        assert_eq!(
            from_refresh(&Ok(response(400, &body)), 0),
            Reply::Unavailable(TransientError::ServerError)
        );
    }
}

#[test]
fn a_refusal_with_an_unknown_code_is_still_a_refusal() {
    let body = r#"{"error":"invalid_grant","code":"eaten_by_a_grue"}"#;
    assert_eq!(
        from_refresh(&Ok(response(400, body)), 0),
        Reply::Refused(None)
    );
}

#[test]
fn conflict_is_superseded() {
    assert_eq!(from_refresh(&Ok(response(409, "")), 0), Reply::Superseded);
}

#[test]
fn too_many_requests_keeps_retry_after() {
    let rate_limited = Ok(Response {
        status: 429,
        retry_after: Some(12),
        ..Response::default()
    });
    assert_eq!(
        from_refresh(&rate_limited, 0),
        Reply::Unavailable(TransientError::RateLimited {
            retry_after: Some(12)
        })
    );
}

#[test]
fn no_response_is_unreachable() {
    assert_eq!(
        from_refresh(&Err(Unreachable), 0),
        Reply::Unavailable(TransientError::Unreachable)
    );
}
