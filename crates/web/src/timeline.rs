//! The playground's timeline: from the client's notices to lines a person can follow. Pure.
//!
//! A request that got 401, the refresh it led to and its retry form a chain; lines of one chain
//! that follow each other are joined on the page.

use std::collections::VecDeque;

use latchkey_client::{EndReason, Exchange, Notice, Progress, TransientError};
use latchkey_types::paths;

/// How many lines are kept.
const LONGEST: usize = 200;

/// How a line turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As hoped.
    Good,
    /// Refused with 401 or 403, as it may be.
    Refused,
    /// No answer, 5xx, or the end of the session.
    Bad,
    /// Neither.
    Plain,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Counts up.
    pub(crate) id: u64,
    /// What happened.
    pub(crate) text: String,
    /// How it turned out.
    pub(crate) tone: Tone,
    /// The time of day.
    pub(crate) at: String,
    /// How long it took, in milliseconds.
    pub(crate) millis: Option<u32>,
    /// Part of a chain of 401, refresh and retry.
    pub(crate) chained: bool,
    /// The line below, which came before it, belongs to the same chain.
    pub(crate) joined: bool,
}

/// The lines, newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline {
    lines: VecDeque<Line>,
    last_id: u64,
    /// The calls that wait for the retry of the chain in progress.
    open: Vec<u64>,
    chain: u64,
    /// The chain of the newest line.
    newest: Option<u64>,
}

impl Timeline {
    /// The lines, newest first.
    pub(crate) fn lines(&self) -> Vec<Line> {
        self.lines.iter().cloned().collect()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Forgets the lines.
    pub(crate) fn clear(&mut self) {
        self.lines.clear();
        self.newest = None;
    }

    /// Adds what the notice says, at the time of day `at`; gives whether there is a new line.
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
            joined: chain.is_some() && self.newest == chain,
        });
        self.newest = chain;
        self.lines.truncate(LONGEST);
        true
    }

    fn draft(&mut self, notice: &Notice) -> Option<Draft> {
        match notice {
            Notice::Received {
                exchange,
                status,
                code,
                millis,
            } => Some(self.answered(exchange, *status, code.as_deref(), *millis)),
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
                draft.chained = !self.open.is_empty();
                Some(draft)
            }
            Notice::Ended(reason) => {
                self.open.clear();
                let text = match reason {
                    EndReason::SignedOut => "Signed out, localStorage is empty",
                    EndReason::Elsewhere => "Signed out in another tab",
                    EndReason::ByServer(_) | EndReason::KeyLost => return None,
                };
                Some(Draft::new(text.to_owned(), Tone::Plain))
            }
            _ => None,
        }
    }

    fn answered(
        &mut self,
        exchange: &Exchange,
        status: Option<u16>,
        code: Option<&str>,
        millis: u32,
    ) -> Draft {
        let mut text = format!("{} {} → ", exchange.method, exchange.path);
        match status {
            Some(status) => text.push_str(&status.to_string()),
            None => text.push_str("no answer"),
        }
        if let Some(code) = code {
            text.push(' ');
            text.push_str(code);
        }
        if exchange.retry {
            text.push_str(" (retry)");
        }
        let chained = if exchange.retry {
            let open = self.open.len();
            self.open.retain(|call| *call != exchange.call);
            self.open.len() < open
        } else if exchange.with_token && status == Some(401) {
            if self.open.is_empty() {
                self.chain += 1;
            }
            self.open.push(exchange.call);
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
    let (words, tone) = match progress {
        Progress::Started => return None,
        Progress::Refreshed => ("refreshed", Tone::Good),
        Progress::Adopted => ("another tab had newer tokens", Tone::Good),
        Progress::Ended(_) => ("invalid_grant, the session is over", Tone::Bad),
        Progress::Delayed(TransientError::Superseded) => {
            ("superseded, looking again", Tone::Refused)
        }
        Progress::Delayed(TransientError::SigningTimeout) => {
            ("too busy to send it, trying again", Tone::Plain)
        }
        Progress::Delayed(_) => ("tokens kept, trying again", Tone::Bad),
        Progress::Abandoned => ("signed out meanwhile", Tone::Plain),
    };
    let text = match (status, progress) {
        (Some(status), _) => format!("POST {} → {status} {words}", paths::TOKEN),
        (None, Progress::Delayed(TransientError::SigningTimeout)) => {
            format!("POST {} → {words}", paths::TOKEN)
        }
        (None, Progress::Delayed(_)) => {
            format!("POST {} → no answer, {words}", paths::TOKEN)
        }
        (None, Progress::Adopted) => "localStorage → newer tokens of another tab".to_owned(),
        (None, _) => return None,
    };
    Some(Draft::new(text, tone))
}

#[cfg(test)]
mod tests;
