//! Signing in with a provider: off to it, back, and what a hostile one may try.

mod begin;
mod callback;
mod field;
mod flows;
mod hostile;
mod loopback;
mod mix_up;
mod rights;
mod step_up;
mod strangers;
