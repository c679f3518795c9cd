//! The playground's timeline: turns notices of the client into lines of text. Pure.
//!
//! A request that was refused with 401, the refresh that followed and the retry of the request form a
//! chain. The page joins consecutive lines of a chain.

use std::collections::VecDeque;

use latchkey_client::{EndReason, Exchange, Notice, Progress, TransientError};
use latchkey_types::paths;

/// The maximum number of lines.
const MAX_LINES: usize = 200;

/// How a line is colored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// The request succeeded.
    Good,
    /// The request was refused with a 4xx status, or was not sent.
    Refused,
    /// There was no response or a 5xx status, the key was unavailable, or the session ended.
    Bad,
    /// Anything else.
    Plain,
}

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Increases with every line.
    pub(crate) id: u64,
    /// What happened.
    pub(crate) text: String,
    /// How the line is colored.
    pub(crate) tone: Tone,
    /// The time of day, as text.
    pub(crate) at: String,
    /// How long the request took, in milliseconds.
    pub(crate) millis: Option<u32>,
    /// Whether the line is part of a chain.
    pub(crate) chained: bool,
    /// Whether the line below, which is older, belongs to the same chain.
    pub(crate) joined: bool,
}

/// The lines of the timeline.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline {
    lines: VecDeque<Line>,
    last_id: u64,
    /// The calls whose retry the current chain is waiting for.
    awaiting_retry: Vec<u64>,
    /// The number of the current chain.
    chain: u64,
    /// The chain of the newest line.
    newest_chain: Option<u64>,
}

impl Timeline {
    /// The lines, newest first.
    pub(crate) fn lines(&self) -> Vec<Line> {
        self.lines.iter().cloned().collect()
    }

    /// Whether there are no lines.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Removes all lines.
    pub(crate) fn clear(&mut self) {
        self.lines.clear();
        self.newest_chain = None;
    }

    /// Adds a line for the notice, with the time of day `at`. Returns whether a line was added.
    pub(crate) fn record(&mut self, notice: &Notice, at: impl FnOnce() -> String) -> bool {
        let Some(draft) = self.draft(notice) else {
            return false;
        };
        self.last_id += 1;
        let chain = draft.chained.then_some(self.chain);
        self.lines.push_front(Line {
            id: self.last_id,
            text: draft.text,
            tone: draft.tone,
            at: at(),
            millis: draft.millis,
            chained: draft.chained,
            joined: chain.is_some() && self.newest_chain == chain,
        });
        self.newest_chain = chain;
        self.lines.truncate(MAX_LINES);
        true
    }

    fn draft(&mut self, notice: &Notice) -> Option<Draft> {
        match notice {
            Notice::Received {
                exchange,
                status,
                code,
                millis,
            } => Some(self.response(exchange, *status, code.as_deref(), *millis)),
            Notice::NotSent { method, path } => Some(Draft::new(
                format!("{method} {path} → not sent, signed out"),
                Tone::Refused,
            )),
            Notice::Refresh {
                progress,
                status,
                millis,
            } => {
                let mut draft = refresh(*progress, *status)?;
                draft.millis = status.is_some().then_some(*millis);
                draft.chained = !self.awaiting_retry.is_empty();
                Some(draft)
            }
            Notice::Ended(reason) => {
                self.awaiting_retry.clear();
                let text = match reason {
                    EndReason::SignedOut => "Signed out, localStorage cleared",
                    EndReason::Elsewhere => "Signed out in another tab",
                    EndReason::ByServer(_) | EndReason::KeyLost => return None,
                };
                Some(Draft::new(text.to_owned(), Tone::Plain))
            }
            _ => None,
        }
    }

    fn response(
        &mut self,
        exchange: &Exchange,
        status: Option<u16>,
        code: Option<&str>,
        millis: u32,
    ) -> Draft {
        let mut text = format!("{} {} → ", exchange.method, exchange.path);
        match status {
            Some(status) => text.push_str(&status.to_string()),
            None => text.push_str("no response"),
        }
        if let Some(code) = code {
            text.push(' ');
            text.push_str(code);
        }
        if exchange.retry {
            text.push_str(" (retry)");
        }
        let chained = if exchange.retry {
            let before = self.awaiting_retry.len();
            self.awaiting_retry.retain(|call| *call != exchange.call);
            self.awaiting_retry.len() < before
        } else if exchange.with_token && status == Some(401) {
            if self.awaiting_retry.is_empty() {
                self.chain += 1;
            }
            self.awaiting_retry.push(exchange.call);
            true
        } else {
            false
        };
        Draft {
            tone: tone(status),
            millis: Some(millis),
            chained,
            text,
        }
    }
}

struct Draft {
    text: String,
    tone: Tone,
    millis: Option<u32>,
    chained: bool,
}

impl Draft {
    const fn new(text: String, tone: Tone) -> Self {
        Self {
            text,
            tone,
            millis: None,
            chained: false,
        }
    }
}

const fn tone(status: Option<u16>) -> Tone {
    match status {
        Some(200..400) => Tone::Good,
        Some(400..500) => Tone::Refused,
        _ => Tone::Bad,
    }
}

fn refresh(progress: Progress, status: Option<u16>) -> Option<Draft> {
    let (outcome, tone) = match progress {
        Progress::Started => return None,
        Progress::Refreshed => ("refreshed", Tone::Good),
        Progress::Adopted => ("another tab had newer tokens", Tone::Good),
        Progress::Ended(_) => ("invalid_grant, session ended", Tone::Bad),
        Progress::Delayed(TransientError::Superseded) => {
            ("superseded, checking storage again", Tone::Refused)
        }
        Progress::Delayed(TransientError::SigningTimeout) => {
            ("browser busy, will retry", Tone::Plain)
        }
        Progress::Delayed(TransientError::KeyUnavailable) => {
            ("browser key unavailable, will retry", Tone::Bad)
        }
        Progress::Delayed(_) => ("tokens kept, will retry", Tone::Bad),
        Progress::Abandoned => ("signed out during the refresh", Tone::Plain),
    };
    let text = match (status, progress) {
        (Some(status), _) => format!("POST {} → {status} {outcome}", paths::TOKEN),
        (
            None,
            Progress::Delayed(TransientError::SigningTimeout | TransientError::KeyUnavailable),
        ) => {
            format!("POST {} → {outcome}", paths::TOKEN)
        }
        (None, Progress::Delayed(_)) => {
            format!("POST {} → no response, {outcome}", paths::TOKEN)
        }
        (None, Progress::Adopted) => "localStorage → newer tokens from another tab".to_owned(),
        (None, _) => return None,
    };
    Some(Draft::new(text, tone))
}

#[cfg(test)]
mod tests;
