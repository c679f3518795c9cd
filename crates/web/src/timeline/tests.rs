use latchkey_client::Method;

use super::*;

fn response(call: u64, status: u16, code: Option<&str>, retry: bool) -> Notice {
    Notice::Received {
        exchange: Exchange {
            call,
            method: Method::Get,
            path: "/api/protected".to_owned(),
            with_token: true,
            retry,
        },
        status: Some(status),
        code: code.map(str::to_owned),
        millis: 12,
    }
}

fn refresh_notice(progress: Progress, status: Option<u16>) -> Notice {
    Notice::Refresh {
        progress,
        status,
        millis: 34,
    }
}

fn record(notices: &[Notice]) -> Vec<Line> {
    let mut timeline = Timeline::default();
    for notice in notices {
        timeline.record(notice, || "14:03:07".to_owned());
    }
    timeline.lines()
}

fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

#[test]
fn refused_request_refresh_and_retry_are_joined_newest_first() {
    let lines = record(&[
        response(1, 401, Some("token_expired"), false),
        refresh_notice(Progress::Started, None),
        refresh_notice(Progress::Refreshed, Some(200)),
        response(1, 200, None, true),
    ]);
    assert_eq!(
        texts(&lines),
        [
            "GET /api/protected → 200 (retry)",
            "POST /auth/token → 200 refreshed",
            "GET /api/protected → 401 token_expired",
        ]
    );
    let joined: Vec<_> = lines.iter().map(|line| line.joined).collect();
    assert_eq!(joined, [true, true, false]);
    assert!(lines.iter().all(|line| line.chained));
    assert_eq!(lines[1].millis, Some(34));
}

#[test]
fn two_chains_are_not_joined_to_each_other() {
    let chain = [
        response(1, 401, Some("token_expired"), false),
        refresh_notice(Progress::Refreshed, Some(200)),
        response(1, 200, None, true),
    ];
    let lines = record(&[&chain[..], &chain[..]].concat());
    let joined: Vec<_> = lines.iter().map(|line| line.joined).collect();
    assert_eq!(joined, [true, true, false, true, true, false]);
}

#[test]
fn refresh_without_a_waiting_request_is_not_chained() {
    let lines = record(&[
        response(1, 200, None, false),
        refresh_notice(Progress::Refreshed, Some(200)),
    ]);
    assert!(lines.iter().all(|line| !line.chained && !line.joined));
}

#[test]
fn a_401_without_a_token_starts_no_chain() {
    let mut notice = response(1, 401, Some("token_missing"), false);
    if let Notice::Received { exchange, .. } = &mut notice {
        exchange.with_token = false;
    }
    let lines = record(&[notice, refresh_notice(Progress::Refreshed, Some(200))]);
    assert_eq!(lines[1].text, "GET /api/protected → 401 token_missing");
    assert!(lines.iter().all(|line| !line.chained));
}

#[test]
fn adopted_ended_and_delayed_refreshes_have_their_own_text() {
    let lines = record(&[
        refresh_notice(Progress::Delayed(TransientError::SigningTimeout), None),
        refresh_notice(Progress::Delayed(TransientError::KeyUnavailable), None),
        refresh_notice(Progress::Delayed(TransientError::Unreachable), None),
        refresh_notice(Progress::Delayed(TransientError::ServerError), Some(503)),
        refresh_notice(Progress::Ended(None), Some(400)),
        refresh_notice(Progress::Adopted, Some(409)),
        refresh_notice(Progress::Adopted, None),
    ]);
    assert_eq!(
        texts(&lines),
        [
            "localStorage → newer tokens from another tab",
            "POST /auth/token → 409 another tab had newer tokens",
            "POST /auth/token → 400 invalid_grant, session ended",
            "POST /auth/token → 503 tokens kept, will retry",
            "POST /auth/token → no response, tokens kept, will retry",
            "POST /auth/token → browser key unavailable, will retry",
            "POST /auth/token → browser busy, will retry",
        ]
    );
}

#[test]
fn oldest_lines_are_dropped_beyond_the_maximum() {
    let notices = vec![response(1, 200, None, false); MAX_LINES + 5];
    let lines = record(&notices);
    assert_eq!(lines.len(), MAX_LINES);
    assert_eq!(lines[0].id, (MAX_LINES + 5) as u64);
}
