//! Reading `text/event-stream` (HTML, "Server-sent events"), as far as the server writes it: from
//! bytes, cut anywhere, to [`ServerEvent`]s. Pure.
//!
//! The browser's own `EventSource` cannot send a token in a header; hence this.

use latchkey_types::ServerEvent;

/// No event is longer than this many bytes; what is, is let go.
const LONGEST: usize = 16_384;

/// A stream, read so far.
#[derive(Debug, Default)]
pub struct Reader {
    line: Vec<u8>,
    /// The `data` of the event under way.
    data: Vec<u8>,
    /// The byte before was a carriage return: a line feed after it ends the same line.
    returned: bool,
}

impl Reader {
    /// The events that these bytes complete. Comments, and events of a later version, are passed
    /// over.
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
            // The space after the colon means nothing to JSON, and neither does a line's end.
            self.data.extend_from_slice(data);
            self.data.push(b'\n');
        }
        None
    }
}

#[cfg(test)]
mod tests;
