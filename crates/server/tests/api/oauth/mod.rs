//! The token endpoints.

mod refresh;
