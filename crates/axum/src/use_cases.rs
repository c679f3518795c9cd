//! Use cases in domain terms, one module for each. HTTP types do not belong here. Use cases do not
//! call each other; code that two of them need is a service.
//!
//! ```
//! use latchkey_axum::use_cases::health;
//! use latchkey_axum::{Latchkey, MasterKey, Store};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let auth = Latchkey::builder("http://127.0.0.1:3000")
//!     .store(Store::memory())
//!     .master_key(MasterKey::random())
//!     .open()
//!     .await?;
//! assert_eq!(health::check(auth.services()).await, Ok(()));
//! # Ok(())
//! # }
//! ```

pub mod account;
pub mod activity;
pub mod audit;
pub mod begin_sign_in;
pub mod health;
pub mod identities;
pub mod local;
pub mod local_operator;
pub mod metrics;
pub mod operator;
pub mod overview;
pub mod refresh;
pub mod request_password_link;
pub mod revoke;
pub mod sessions;
pub mod sign_in;
