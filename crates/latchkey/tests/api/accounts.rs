//! The account API for users, and the admin API for operators.

mod activity;
mod admin;
mod admission;
mod events;
mod sessions;
mod step_up;
