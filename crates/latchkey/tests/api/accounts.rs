//! The account API for users, and the admin API for administrators.

mod activity;
mod admin;
mod admin_denials;
mod admin_users;
mod admission;
mod audit;
mod events;
mod identities;
mod own_account;
mod sessions;
mod step_up;
