//! Commands for local accounts, in the running server or directly on the store.

use latchkey_axum::services::Services;
use latchkey_axum::use_cases::local_operator::{
    self, Link, LocalOperator, LocalOperatorError, NewLocalAccount,
};
use latchkey_core::Actor;

use super::local_command::LocalCommand;
use super::outcome::Outcome;
use crate::failure::{Failure, FailureCode};

/// Executes a command in the running server.
pub(super) async fn handle(services: &Services, command: LocalCommand) -> Result<Outcome, Failure> {
    let operator = LocalOperator::online(services, Actor::CommandLine);
    let email = match &command {
        LocalCommand::Invite { email } => email.clone(),
        _ => None,
    };
    let outcome = execute(&operator, command).await?;
    if let (Outcome::Invited { link, .. }, Some(email)) = (&outcome, email) {
        local_operator::send_invitation(services, &email, link).await;
    }
    Ok(outcome)
}

/// Executes a command, in the running server or directly on the store.
pub async fn execute(
    operator: &LocalOperator<'_>,
    command: LocalCommand,
) -> Result<Outcome, Failure> {
    match command {
        LocalCommand::Create {
            username,
            email,
            name,
            roles,
            password,
        } => {
            let new = NewLocalAccount {
                username,
                email,
                name,
                roles,
                password: password.map(Into::into),
            };
            let (user, link) = operator.create(new).await?;
            let username = user.username.as_ref().map(ToString::to_string);
            let (link, expires_at) = link.map(parts).unzip();
            Ok(Outcome::UserCreated {
                username: username.unwrap_or_default(),
                user: user.into(),
                link,
                expires_at,
            })
        }
        LocalCommand::Invite { email } => {
            let (link, expires_at) = parts(operator.invite(email.as_deref()).await?);
            Ok(Outcome::Invited { link, expires_at })
        }
        LocalCommand::ResetPassword { username } => {
            let (link, expires_at) = parts(operator.reset_password(&username).await?);
            Ok(Outcome::PasswordLinkCreated { link, expires_at })
        }
    }
}

fn parts(link: Link) -> (String, u64) {
    (link.url, link.expires_at.as_secs())
}

impl From<LocalOperatorError> for Failure {
    fn from(error: LocalOperatorError) -> Self {
        let message = error.to_string();
        let code = match error {
            LocalOperatorError::UnknownUser(_)
            | LocalOperatorError::UnknownId(_)
            | LocalOperatorError::NoLocalAccount => FailureCode::UnknownUser,
            LocalOperatorError::Field(_) | LocalOperatorError::Roles(_) => {
                FailureCode::InvalidArgument
            }
            LocalOperatorError::Disabled | LocalOperatorError::InvitationsOff => {
                return Self {
                    errors: vec![message.clone()],
                    ..Self::new(FailureCode::Configuration, message)
                };
            }
            LocalOperatorError::Store(error) => return Self::of(&error.into()),
        };
        Self::new(code, message)
    }
}
