//! Sign-in with a scripted provider and with the demo provider, both over HTTP. The numbers in test
//! names are those of `docs/security-requirements.md`.

mod authorize;
mod demo;
mod discovery;
mod exchange;
mod flow;
mod github;

mod id_token;
mod keys;
mod lenient;
mod limits;
mod rotation;
mod scripted;
mod signature;

mod step_up;
mod userinfo;
