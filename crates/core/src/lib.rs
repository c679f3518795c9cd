//! The domain types of Latchkey and its pure decisions.
//!
//! Nothing here does I/O, reads a clock or generates a random number: time and randomness are
//! parameters, so that the same code runs in the server, in the browser and in a simulation.

#![deny(missing_docs)]

pub mod audit;
pub mod audit_record;
pub mod clock;
pub mod cutoff;
pub mod denial;
pub mod end_reason;
pub mod id;
pub mod local;
pub mod rights;
pub mod rng;
pub mod rotation;
pub mod session;
pub mod sign_in;
pub mod signing_key;
pub mod user;

pub use audit::{Actor, AuditEvent, AuditKind, AuditPosition, Device, Requester};
pub use audit_record::{AuditRecord, HourCounts, RecordClass, RecordKind, RecordOutcome};
pub use audit_record::{RecordPosition, ServerAct};
pub use clock::{Clock, Timestamp};
pub use cutoff::{Cutoff, Cutoffs};
pub use denial::{Denial, DenialNote, DenialReason, Denied};
pub use end_reason::EndReason;
pub use id::{FlowId, SessionId, StoreId, TokenId, UserId};
pub use local::{Credential, InvalidUsername, LinkHash, LinkPurpose, OneTimeLink, Username};
pub use rights::{NotAdmitted, Rights};
pub use rng::Rng;
pub use session::{Session, SessionOrigin, SessionStatus};
pub use sign_in::{LinkTarget, LoginFlow, ReturnTo};
pub use signing_key::{SealedSigningKey, SigningAlgorithm};
pub use user::{Ban, Identity, LinkedIdentity, Profile, TooManyIdentities, UnlinkError, User};

/// Runs the example in the README as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
