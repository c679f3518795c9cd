//! Local accounts: sign-in by username and password, sign-up, and setting a password. Present only
//! if the server has local accounts.

use core::fmt;

use serde::{Deserialize, Serialize};

/// How local accounts work on this server; part of the response of `GET /auth/providers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PasswordInfo {
    /// Who may create an account.
    pub sign_up: SignUp,
    /// Whether the server sends mail. Without mail, the operator hands out the links that set a
    /// password.
    pub mail: bool,
}

/// Who may create a local account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SignUp {
    /// Only an operator.
    #[default]
    Off,
    /// A person with an invitation.
    Invite,
    /// Everyone.
    Open,
}

/// The body of `POST /auth/password`. The response is a [`TokenResponse`](crate::TokenResponse).
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PasswordRequest {
    /// The username.
    pub username: String,
    /// The password.
    pub password: String,
}

/// The body of `POST /auth/password/change`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PasswordChangeRequest {
    /// The current password.
    pub current_password: String,
    /// The password to replace it.
    pub new_password: String,
}

/// The body of `POST /auth/sign-up`. The response is a [`TokenResponse`](crate::TokenResponse).
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignUpRequest {
    /// The username: 1 to 64 ASCII letters, digits and `.`, `_`, `-`, `+`, `@`. Case does not
    /// matter.
    pub username: String,
    /// The password.
    pub password: String,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The email address. It is not verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The token of the invitation: the value of `invitation` in the fragment or query of its link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<String>,
}

/// The body of `POST /auth/password/reset-request`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResetLinkRequest {
    /// The username or the email address.
    pub username: String,
}

/// The body of `POST /auth/password/reset`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PasswordResetRequest {
    /// The token of the link: the value of `token` in its fragment.
    pub token: String,
    /// The password to set.
    pub new_password: String,
}

/// What is wrong with one field of a request; see [`Problem::fields`](crate::Problem::fields).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FieldError {
    /// The name of the member of the request.
    pub field: String,
    /// What is wrong and what to do, for people.
    pub message: String,
}

/// Hides the passwords and tokens, so that `{:?}` cannot write them to a log.
macro_rules! hide {
    ($($request:ident { $($field:ident),* })*) => {$(
        impl fmt::Debug for $request {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($request))
                    $(.field(stringify!($field), &self.$field))*
                    .finish_non_exhaustive()
            }
        }
    )*};
}

hide! {
    PasswordRequest { username }
    PasswordChangeRequest {}
    SignUpRequest { username, name, email }
    PasswordResetRequest {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_tokens_are_not_in_the_debug_output() {
        const SECRET: &str = "hunter2";
        let secret = || SECRET.to_owned();
        let username = || "ada".to_owned();
        let outputs = [
            format!(
                "{:?}",
                PasswordRequest {
                    username: username(),
                    password: secret(),
                }
            ),
            format!(
                "{:?}",
                PasswordChangeRequest {
                    current_password: secret(),
                    new_password: secret(),
                }
            ),
            format!(
                "{:?}",
                SignUpRequest {
                    username: username(),
                    password: secret(),
                    name: None,
                    email: None,
                    invitation: Some(secret()),
                }
            ),
            format!(
                "{:?}",
                PasswordResetRequest {
                    token: secret(),
                    new_password: secret(),
                }
            ),
        ];
        for output in outputs {
            assert!(!output.contains(SECRET), "{output}");
        }
    }
}
