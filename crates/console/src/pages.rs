//! The pages, one file each.

pub(crate) mod audit;
pub(crate) mod denylist;
pub(crate) mod keys;
pub(crate) mod overview;
pub(crate) mod sessions;
pub(crate) mod user;
pub(crate) mod users;
