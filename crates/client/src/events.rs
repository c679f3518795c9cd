//! Parses `text/event-stream` (HTML, "Server-sent events"), as far as the server uses it, from
//! chunks of bytes into [`ServerEvent`]s. Pure.
//!
//! The browser's `EventSource` cannot be used, because it cannot send a token in a header.
//!
//! ```
//! use latchkey_client::events::EventParser;
//! use latchkey_types::ServerEvent;
//!
//! let mut parser = EventParser::default();
//! assert_eq!(parser.parse(b"data: {\"type\":"), []);
//! assert_eq!(parser.parse(b"\"ready\"}\n\n"), [ServerEvent::Ready]);
//! ```

use latchkey_types::ServerEvent;

/// The maximum length of a line, in bytes; the rest of the line is discarded. Once an event has
/// this much data, its further lines are discarded too.
const MAX_LENGTH: usize = 16_384;

/// An incremental parser.
#[derive(Debug, Default)]
pub struct EventParser {
    line: Vec<u8>,
    /// The `data` of the current event.
    data: Vec<u8>,
    /// The previous byte was a carriage return: a line feed after it belongs to the same line end.
    after_carriage_return: bool,
}

impl EventParser {
    /// Parses a chunk and returns the events that it completes. Comments and unknown events are
    /// skipped.
    pub fn parse(&mut self, bytes: &[u8]) -> Vec<ServerEvent> {
        let mut events = Vec::new();
        for &byte in bytes {
            let follows_carriage_return =
                core::mem::replace(&mut self.after_carriage_return, byte == b'\r');
            match byte {
                b'\n' if follows_carriage_return => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ if self.line.len() < MAX_LENGTH => self.line.push(byte),
                _ => {}
            }
        }
        events
    }

    fn end_line(&mut self) -> Option<ServerEvent> {
        let line = core::mem::take(&mut self.line);
        if line.is_empty() {
            let data = core::mem::take(&mut self.data);
            return serde_json::from_slice(&data).ok();
        }
        if let Some(data) = line.strip_prefix(b"data:")
            && self.data.len() < MAX_LENGTH
        {
            // The space after the colon and the line end are whitespace to JSON.
            self.data.extend_from_slice(data);
            self.data.push(b'\n');
        }
        None
    }
}

#[cfg(test)]
mod tests;
