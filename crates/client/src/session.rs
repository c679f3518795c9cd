//! The state of the user's session, as a page sees it.
//!
//! ```
//! use latchkey_client::SessionState;
//!
//! fn is_protected_page_visible(state: SessionState) -> bool {
//!     state == SessionState::SignedIn
//! }
//!
//! assert!(!is_protected_page_visible(SessionState::default()));
//! ```

use latchkey_types::ErrorCode;

/// The state of the session in this tab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionState {
    /// Storage has not been read yet. Pages rendered on the server are always in this state.
    #[default]
    Checking,
    /// There are no tokens.
    SignedOut,
    /// An authorization code or a password is being exchanged for tokens.
    SigningIn,
    /// There are tokens. Only the server knows whether they are still valid.
    SignedIn,
    /// The tokens are removed, and the session is being ended on the server.
    SigningOut,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The user signed out in this tab.
    SignedOut,
    /// The tokens disappeared from storage: the user signed out in another tab or cleared the site
    /// data.
    Elsewhere,
    /// The server ended the session with an explicit `invalid_grant`; the code says why.
    ByServer(Option<ErrorCode>),
    /// This browser has lost the key that the session is bound to.
    KeyLost,
}
