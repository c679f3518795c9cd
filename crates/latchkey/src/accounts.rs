//! What a person, or an operator, sees of an account and does about it. Use cases like those of
//! `auth`: no HTTP types here, and none of them calls another.

pub mod activity;
pub mod operator;
pub mod sessions;
pub mod user_agent;
