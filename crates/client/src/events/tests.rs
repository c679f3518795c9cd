use latchkey_types::ErrorCode;

use super::*;

const READY: &str = "data: {\"type\":\"ready\"}\n\n";
const CHANGED: &str = "data: {\"type\":\"account_changed\"}\n\n";

fn read(text: &str) -> Vec<ServerEvent> {
    EventParser::default().parse(text.as_bytes())
}

#[test]
fn all_kinds_of_events_are_parsed() {
    let ended = "data: {\"type\":\"session_ended\",\"code\":\"refresh_replayed\"}\n\n";
    assert_eq!(
        read(&format!("{READY}{CHANGED}{ended}")),
        [
            ServerEvent::Ready,
            ServerEvent::AccountChanged,
            ServerEvent::SessionEnded {
                code: ErrorCode::RefreshReplayed
            }
        ]
    );
}

#[test]
fn chunk_boundaries_do_not_matter() {
    let text = format!(": keep-alive\n\n{READY}{CHANGED}");
    for cut in 0..text.len() {
        let (one, other) = text.as_bytes().split_at(cut);
        let mut parser = EventParser::default();
        let mut events = parser.parse(one);
        events.extend(parser.parse(other));
        assert_eq!(events, read(&text), "cut at {cut}");
        assert_eq!(events.len(), 2);
    }
    let mut parser = EventParser::default();
    let one_by_one = text.bytes().flat_map(|byte| parser.parse(&[byte]));
    assert_eq!(one_by_one.count(), 2);
}

#[test]
fn all_line_endings_are_accepted() {
    for end in ["\n", "\r\n", "\r"] {
        let text = format!("{READY}{CHANGED}").replace('\n', end);
        assert_eq!(read(&text).len(), 2, "{end:?}");
    }
}

#[test]
fn comments_other_fields_and_unknown_events_are_skipped() {
    let text = format!(
        ": keep-alive\n\nevent: message\nid: 7\nretry: 100\n{READY}\
         data: {{\"type\":\"coffee_is_ready\"}}\n\n\
         data: {{\"type\":\"session_ended\",\"code\":\"eaten_by_a_grue\"}}\n\n\
         data: not json\n\n\n\n{CHANGED}"
    );
    assert_eq!(
        read(&text),
        [ServerEvent::Ready, ServerEvent::AccountChanged]
    );
}

#[test]
fn data_on_several_lines_is_one_event() {
    let text = "data: {\"type\":\ndata:\"ready\"}\n\n";
    assert_eq!(read(text), [ServerEvent::Ready]);
}

#[test]
fn an_incomplete_event_is_not_returned() {
    assert_eq!(read("data: {\"type\":\"ready\"}\n"), []);
}

#[test]
fn an_endless_line_uses_bounded_memory() {
    let mut parser = EventParser::default();
    for _ in 0..100 {
        assert_eq!(parser.parse(&[b'x'; 4_096]), []);
    }
    assert!(parser.line.len() <= MAX_LENGTH);
    for _ in 0..100 {
        assert_eq!(
            parser.parse(format!("data:{}\n", "x".repeat(4_096)).as_bytes()),
            []
        );
    }
    assert!(parser.data.len() <= 2 * MAX_LENGTH);
    assert_eq!(parser.parse(b"\n\n"), []);
    assert_eq!(
        parser.parse(READY.as_bytes()),
        [ServerEvent::Ready],
        "parsing continues afterwards"
    );
}
