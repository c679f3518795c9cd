use latchkey_types::ErrorCode;

use super::*;

const READY: &str = "data: {\"type\":\"ready\"}\n\n";
const CHANGED: &str = "data: {\"type\":\"account_changed\"}\n\n";

fn read(text: &str) -> Vec<ServerEvent> {
    Reader::default().read(text.as_bytes())
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
        let mut reader = Reader::default();
        let mut events = reader.read(one);
        events.extend(reader.read(other));
        assert_eq!(events, read(&text), "cut at {cut}");
        assert_eq!(events.len(), 2);
    }
    let mut reader = Reader::default();
    let one_by_one = text.bytes().flat_map(|byte| reader.read(&[byte]));
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
    let mut reader = Reader::default();
    for _ in 0..100 {
        assert_eq!(reader.read(&[b'x'; 4_096]), []);
    }
    assert!(reader.line.len() <= LONGEST);
    for _ in 0..100 {
        assert_eq!(
            reader.read(format!("data:{}\n", "x".repeat(4_096)).as_bytes()),
            []
        );
    }
    assert!(reader.data.len() <= 2 * LONGEST);
    assert_eq!(reader.read(b"\n\n"), []);
    assert_eq!(
        reader.read(READY.as_bytes()),
        [ServerEvent::Ready],
        "parsing continues afterwards"
    );
}
