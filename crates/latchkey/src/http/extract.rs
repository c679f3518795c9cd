//! From a request to values, or to the error that says what was wrong.

mod admin;
mod bearer;
mod client_address;
mod cookie;
mod device;
mod form;
mod json;
mod proof;
mod recent;

pub use admin::Admin;
pub use bearer::Authenticated;
pub(in crate::http) use client_address::client_address;
pub use cookie::FlowCookies;
pub use device::Device;
pub use form::Form;
pub use json::OptionalJson;
pub use proof::Proven;
pub use recent::{MaybeRecent, Recent};
