//! What people see of their accounts and do about them, and what operators do.

mod activity;
mod admin;
mod admission;
mod events;
mod sessions;
mod step_up;
