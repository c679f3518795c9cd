//! Parses `text/event-stream` (HTML, "Server-sent events"), as far as the server uses it, from
//! chunks of bytes into [`ServerEvent`]s. Pure.
//!
//! The browser's `EventSource` cannot be used, because it cannot send a token in a header.

use latchkey_types::ServerEvent;

/// The longest line or event, in bytes; anything beyond is discarded.
const LONGEST: usize = 16_384;

/// An incremental parser.
#[derive(Debug, Default)]
pub struct Reader {
    line: Vec<u8>,
    /// The `data` of the current event.
    data: Vec<u8>,
    /// The previous byte was a carriage return: a line feed after it belongs to the same line end.
    returned: bool,
}

impl Reader {
    /// Parses a chunk and returns the events that it completes. Comments and unknown events are
    /// skipped.
    pub fn read(&mut self, bytes: &[u8]) -> Vec<ServerEvent> {
        let mut events = Vec::new();
        for &byte in bytes {
            let continued = core::mem::replace(&mut self.returned, byte == b'\r');
            match byte {
                b'\n' if continued => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ if self.line.len() < LONGEST => self.line.push(byte),
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
            && self.data.len() < LONGEST
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
