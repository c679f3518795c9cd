//! The checks that a provider's responses must pass, and their error messages.

use thiserror::Error;

/// A failed check. The message repeats nothing that the provider or the browser sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum ValidationError {
    /// Discovery §4.3.
    #[error("the discovery document names an issuer other than the configured one")]
    DiscoveredIssuer,
    /// Secrets would be sent to the endpoint unencrypted.
    #[error("the `{0}` in the discovery document is not an https URL")]
    InsecureEndpoint(&'static str),
    /// A provider on the internet must not make the server send requests to its internal network.
    #[error(
        "the `{0}` in the discovery document is a loopback or internal address, which is allowed \
         only if the issuer has such an address too"
    )]
    InternalEndpoint(&'static str),
    /// Discovery §3: required by the authorization code flow.
    #[error("the discovery document has no `{0}`")]
    MissingEndpoint(&'static str),
    /// Only asymmetric algorithms are supported.
    #[error(
        "the discovery document lists no supported signature algorithm: RS256, RS384, RS512, \
         PS256, PS384, PS512, ES256, ES384 or EdDSA"
    )]
    NoAlgorithm,
    /// RFC 9207 §2.4.
    #[error("the redirect came from another issuer")]
    ResponseIssuer,
    /// RFC 9207 §2.4: the provider advertises that it always sends `iss`.
    #[error(
        "the redirect does not name the issuer it came from, although the provider advertises `iss`"
    )]
    ResponseIssuerMissing,
    /// RFC 7636 §4.1: a bug in the caller.
    #[error("the PKCE verifier of this sign-in is not 43 to 128 characters long")]
    Verifier,
    /// Core §3.1.3.3.
    #[error("the token response has no ID token")]
    IdTokenMissing,
    /// Core §3.1.3.3.
    #[error("the token type is not Bearer")]
    TokenType,
    /// RFC 6749 appendix A.12.
    #[error("the access token has characters that are not allowed in a token")]
    AccessToken,
    /// Core §2.
    #[error("the ID token is malformed")]
    Malformed,
    /// Core §2.
    #[error("the ID token has no `{0}`")]
    MissingClaim(&'static str),
    /// Core §3.1.3.7, 2.
    #[error("the ID token was issued by another issuer")]
    Issuer,
    /// Core §3.1.3.7, 3.
    #[error("the ID token was not issued for this client")]
    Audience,
    /// Core §3.1.3.7, 4 and 5.
    #[error("the ID token was issued to another authorized party")]
    AuthorizedParty,
    /// Core §3.1.3.7, 7; RFC 8725 §3.1.
    #[error("the ID token is not signed with a supported algorithm that the provider advertises")]
    Algorithm,
    /// Core §3.1.3.7, 6.
    #[error("the signature of the ID token matches no key of the provider")]
    Signature,
    /// Core §3.1.3.7, 9.
    #[error(
        "the ID token has expired; check that the clocks of this server and the provider agree"
    )]
    Expired,
    /// Core §3.1.3.7, 10.
    #[error(
        "the ID token was issued more than ten minutes ago or in the future; check that the clocks \
         of this server and the provider agree"
    )]
    IssuedAt,
    /// Core §3.1.3.7, 13.
    #[error(
        "the user authenticated at the provider longer ago than requested; sign in again at the \
         provider"
    )]
    AuthTime,
    /// Core §3.1.3.7, 13.
    #[error(
        "the ID token has no `auth_time`, although it was requested; configure the provider to \
         send this claim, which is an optional claim in Microsoft Entra, or set `step_up` to \
         `sign_in_again` for the provider"
    )]
    AuthTimeMissing,
    /// The provider does not support `auth_time`.
    #[error(
        "this provider does not report when the user authenticated, so it cannot confirm a recent \
         sign-in; sign in with another provider or with a password, or ask the operator of this \
         server to set `step_up` to `sign_in_again` for the provider"
    )]
    AuthTimeUnsupported,
    /// Core §3.1.3.7, 11.
    #[error("the ID token belongs to another sign-in")]
    Nonce,
    /// Core §2.
    #[error("the subject is not 1 to 255 characters long")]
    Subject,
    /// Core §3.1.3.8.
    #[error("the access token is not the one that the ID token was issued with (`at_hash`)")]
    AccessTokenHash,
    /// Core §5.3.2.
    #[error("the userinfo response is malformed, not signed by the provider, or without a subject")]
    Userinfo,
    /// Core §5.3.2.
    #[error("the userinfo response is about another subject")]
    UserinfoSubject,
}
