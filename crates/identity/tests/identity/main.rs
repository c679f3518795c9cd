//! Sign-in against a provider that does whatever a test tells it to, and against the demo provider,
//! both over real HTTP. Numbers in test names are those of `docs/security-requirements.md`.

mod authorize;
mod demo;
mod discovery;
mod exchange;
mod flow;

mod id_token;
mod keys;
mod lenient;
mod limits;
mod rotation;
mod scripted;
mod signature;

mod step_up;
mod userinfo;
