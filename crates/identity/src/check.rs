//! The checks a provider's answer must pass, each with the sentence for when it does not.

use thiserror::Error;

/// A check that failed. Nothing that the provider or the browser sent is repeated in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum Check {
    /// Discovery §4.3.
    #[error("its discovery document names another issuer than the configured one")]
    DiscoveredIssuer,
    /// An endpoint would carry secrets in the clear.
    #[error("the `{0}` of its discovery document is not an https URL")]
    InsecureEndpoint(&'static str),
    /// A provider on the internet chooses no address to ask in here.
    #[error(
        "the `{0}` of its discovery document is an address of this machine or of an internal network, which only an issuer there may name"
    )]
    InternalEndpoint(&'static str),
    /// Discovery §3: the code flow needs one.
    #[error("its discovery document has no `{0}`")]
    MissingEndpoint(&'static str),
    /// Only asymmetric algorithms are taken.
    #[error(
        "its discovery document offers no signature algorithm that is taken here: RS256, RS384, \
         RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA"
    )]
    NoAlgorithm,
    /// RFC 9207 §2.4.
    #[error("the redirect came from another issuer")]
    AnswerIssuer,
    /// RFC 9207 §2.4: the provider says that it always sends it.
    #[error(
        "the redirect does not say which issuer it came from, though this provider always does"
    )]
    AnswerIssuerMissing,
    /// RFC 7636 §4.1: a mistake on this side.
    #[error("the PKCE verifier of this sign-in is not 43 to 128 characters long")]
    Verifier,
    /// Core §3.1.3.3.
    #[error("the token response has no ID token")]
    IdTokenMissing,
    /// Core §3.1.3.3.
    #[error("the token type is not Bearer")]
    TokenType,
    /// RFC 6749 appendix A.12.
    #[error("the access token has characters that no token has")]
    AccessToken,
    /// Core §2.
    #[error("the ID token cannot be read")]
    Malformed,
    /// Core §2.
    #[error("the ID token has no `{0}`")]
    MissingClaim(&'static str),
    /// Core §3.1.3.7, 2.
    #[error("the ID token is from another issuer")]
    Issuer,
    /// Core §3.1.3.7, 3.
    #[error("the ID token is not for this client")]
    Audience,
    /// Core §3.1.3.7, 4 and 5.
    #[error("the ID token was issued to another party")]
    AuthorizedParty,
    /// Core §3.1.3.7, 7; RFC 8725 §3.1.
    #[error(
        "the ID token is not signed with an algorithm that the provider announces and that is taken here"
    )]
    Algorithm,
    /// Core §3.1.3.7, 6.
    #[error("no key of the provider verifies the signature of the ID token")]
    Signature,
    /// Core §3.1.3.7, 9.
    #[error(
        "the ID token has expired by this machine's clock; compare it with the provider's clock"
    )]
    Expired,
    /// Core §3.1.3.7, 10.
    #[error(
        "the ID token was issued more than ten minutes ago, or in the future, by this machine's clock; compare it with the provider's clock"
    )]
    IssuedAt,
    /// Core §3.1.3.7, 13.
    #[error(
        "the person proved who they are longer ago than was asked for; sign in again at the provider"
    )]
    AuthTime,
    /// Core §3.1.3.7, 13.
    #[error(
        "the ID token does not say when the person proved who they are (`auth_time`), though it was asked for; let the provider send this claim, which is an optional one at Microsoft Entra"
    )]
    AuthTimeMissing,
    /// Core §3.1.3.7, 11.
    #[error("the ID token belongs to another sign-in")]
    Nonce,
    /// Core §2.
    #[error("the subject is not 1 to 255 characters long")]
    Subject,
    /// Core §3.1.3.8.
    #[error("the access token is not the one that the ID token was issued with")]
    AccessTokenHash,
    /// Core §5.3.2.
    #[error(
        "the userinfo answer cannot be read, is not signed by the provider, or names no subject"
    )]
    Userinfo,
    /// Core §5.3.2.
    #[error("the userinfo answer is about another person")]
    UserinfoSubject,
}
