//! What a page knows of the person's session.

use latchkey_types::ErrorCode;

/// The state of the session, as this tab sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionState {
    /// Storage has not been read yet; so it is on the server, always.
    #[default]
    Checking,
    /// There are no tokens.
    SignedOut,
    /// Back from the provider, with the tokens on their way.
    SigningIn,
    /// There are tokens. Only the server can say whether they are still good.
    SignedIn,
    /// The tokens are gone from here; the server is being told.
    SigningOut,
}

/// Why a session ended, for the person to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The person signed out here.
    SignedOut,
    /// The tokens vanished from storage: signed out in another tab, or site data cleared.
    Elsewhere,
    /// The server ended it: an explicit `invalid_grant`, with its finer code.
    ByServer(Option<ErrorCode>),
    /// This browser has lost the key that the session is bound to, and cannot go on with it.
    KeyLost,
}
