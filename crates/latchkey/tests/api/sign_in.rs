//! Signing in with a provider: the start, the callback, and attacks by hostile providers.

mod begin;
mod callback;
mod flows;
mod github;
mod hostile;
mod loopback;
mod mix_up;
mod quirks;
mod rights;
mod step_up;
mod strangers;
