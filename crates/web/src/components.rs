//! The components that pages consist of, and the header and alert around every page.

pub(crate) mod alert;
pub(crate) mod async_view;
pub(crate) mod claims_view;
pub mod confirm;
pub mod countdown;
pub(crate) mod form;
pub(crate) mod header;
pub mod icon;
pub(crate) mod mark;
pub(crate) mod password_change;
pub mod relative_time;
pub mod skeleton;
pub(crate) mod timeline_view;
pub(crate) mod token_view;
