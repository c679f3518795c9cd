//! Extractors: they turn a request into values, or fail with an error that says what is wrong with
//! it.

mod client_address;
mod cookie;
mod device;
mod form;
mod json;
mod paging;
mod proof;

pub(in crate::http) use client_address::client_address;
pub(super) use cookie::FlowCookies;
pub(super) use device::{Device, user_agent};
pub(super) use form::Form;
pub(super) use json::OptionalJson;
pub(super) use paging::{Paging, limit};
pub(super) use proof::Proven;
