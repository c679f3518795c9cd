//! Pieces that more than one page uses, or that stand around all of them.

pub(crate) mod alert;
pub(crate) mod answered;
pub(crate) mod claims_view;
pub(crate) mod confirm;
pub(crate) mod countdown;
pub(crate) mod header;
pub(crate) mod skeleton;
pub(crate) mod timeline_view;
pub(crate) mod token_view;
