//! Operations of local accounts.

use latchkey_types::{
    ErrorCode, PasswordChangeRequest, PasswordRequest, PasswordResetRequest, ResetLinkRequest,
    SignUpRequest, TokenResponse, paths,
};

use super::super::operation::Operation;
use super::super::schemas::Schemas;
use super::sign_in::{PROOF, PROOF_REFUSED};

/// Why a sign-in with the right password is refused.
const ACCOUNT_REFUSED: [ErrorCode; 2] = [ErrorCode::NotAdmitted, ErrorCode::Banned];
const FIELDS: [ErrorCode; 1] = [ErrorCode::InvalidFields];

/// The operations, which exist only if the server has local accounts.
pub(super) fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    let new =
        |path, id, summary| Operation::new("local accounts", ("post", path), id, summary).limited();
    vec![
        new(
            paths::PASSWORD,
            "signInWithPassword",
            "Sign in with a username and a password",
        )
        .header("DPoP", PROOF)
        .json::<PasswordRequest>(schemas, true)
        .error(400, &PROOF_REFUSED)
        .error(400, &ACCOUNT_REFUSED)
        .error(401, &[ErrorCode::InvalidCredentials])
        .ok::<TokenResponse>(schemas, "Tokens."),
        new(
            paths::SIGN_UP,
            "signUp",
            "Create an account and sign in; the server may require an invitation",
        )
        .header("DPoP", PROOF)
        .json::<SignUpRequest>(schemas, true)
        .error(400, &PROOF_REFUSED)
        .error(400, &ACCOUNT_REFUSED)
        .error(400, &[ErrorCode::LinkInvalid])
        .error(403, &[ErrorCode::SignUpClosed])
        .error(422, &FIELDS)
        .ok::<TokenResponse>(schemas, "Tokens of the new account."),
        new(
            paths::PASSWORD_CHANGE,
            "changePassword",
            "Change the password; the user's other sessions end",
        )
        .signed_in()
        .json::<PasswordChangeRequest>(schemas, true)
        .error(404, &[ErrorCode::NotFound])
        .error(422, &FIELDS)
        .empty(204, "The password is changed."),
        new(
            paths::PASSWORD_RESET_REQUEST,
            "requestPasswordReset",
            "Request a link to set a new password",
        )
        .json::<ResetLinkRequest>(schemas, true)
        .empty(202, "The same whether the account exists or not."),
        new(
            paths::PASSWORD_RESET,
            "resetPassword",
            "Set a new password with a one-time link; all sessions of the user end",
        )
        .json::<PasswordResetRequest>(schemas, true)
        .error(400, &[ErrorCode::LinkInvalid])
        .error(422, &FIELDS)
        .empty(204, "The password is set."),
    ]
}
