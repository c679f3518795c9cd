//! Executes an operator's command, in the running server or directly on the store.

use latchkey_axum::services::Services;
use latchkey_axum::use_cases::operator::{Operator, OperatorError, UserSelector, verified_token};
use latchkey_core::{Denied, Timestamp};
use latchkey_store::{InvalidCursor, ListCursor, ListPage, UserQuery, UserStatus};

use super::details::{TokenText, UserDetails};
use super::outcome::Outcome;
use super::protocol::{AdminCommand, DenialTarget, PageRequest};
use crate::failure::{Failure, FailureCode};

/// Executes a command. `services` are those of the running server, if there is one.
pub async fn execute(
    operator: &Operator<'_>,
    services: Option<&Services>,
    command: AdminCommand,
) -> Result<Outcome, Failure> {
    Ok(match command {
        AdminCommand::BanUser {
            user,
            reason,
            until,
        } => {
            let user = operator.find(&user).await?;
            let until = until.map(Timestamp::from_secs);
            let sessions_ended = operator.ban_until(user.id, &reason, until).await?;
            Outcome::UserBanned {
                user: user.into(),
                sessions_ended,
            }
        }
        AdminCommand::UnbanUser { user } => {
            let user = operator.find(&user).await?;
            let lifted = operator.unban(user.id).await?;
            let user = user.into();
            if lifted {
                Outcome::UserUnbanned { user }
            } else {
                Outcome::UserNotBanned { user }
            }
        }
        AdminCommand::EndSessions { user } => {
            let user = operator.find(&user).await?;
            let sessions_ended = operator.end_sessions(user.id).await?;
            Outcome::SessionsEnded {
                user: user.into(),
                sessions_ended,
            }
        }
        AdminCommand::EndAllSessions => Outcome::AllSessionsEnded {
            sessions_ended: operator.end_everyone().await?,
        },
        AdminCommand::SetRoles { user, roles } => {
            let user = operator.find(&user).await?;
            let user = operator.set_roles(user.id, roles).await?;
            let user = UserDetails::of(user, operator.now());
            Outcome::RolesChanged { user }
        }
        AdminCommand::EndSession { session } => {
            let user = operator.end_session(session, None).await?;
            Outcome::SessionEnded { session, user }
        }
        AdminCommand::AddDenial { target, reason } => {
            deny(operator, services, target, &reason).await?
        }
        AdminCommand::LiftDenial { token } => {
            operator.lift(Denied::Token(token)).await?;
            Outcome::DenialLifted { token }
        }
        command => list(operator, command).await?,
    })
}

/// Executes a command that only reads.
async fn list(operator: &Operator<'_>, command: AdminCommand) -> Result<Outcome, Failure> {
    Ok(match command {
        AdminCommand::ListUsers {
            text,
            banned,
            role,
            page,
        } => {
            let status = banned.map(|banned| {
                if banned {
                    UserStatus::Banned
                } else {
                    UserStatus::Active
                }
            });
            let query = UserQuery { text, status, role };
            let found = operator.users(query, before(&page)?, page.limit).await?;
            let of = |user| UserDetails::of(user, operator.now());
            let (users, next) = mapped(found, of);
            Outcome::Users { users, next }
        }
        AdminCommand::ShowUser { user } => {
            let user = operator.find(&user).await?;
            let user = UserDetails::of(user, operator.now());
            Outcome::User { user }
        }
        AdminCommand::ListSessions { user, page } => {
            let found = if let Some(user) = user {
                let user = operator.find(&user).await?;
                ListPage {
                    items: operator.sessions_of(user.id).await?,
                    next: None,
                }
            } else {
                operator.sessions(before(&page)?, page.limit).await?
            };
            let (sessions, next) = mapped(found, Into::into);
            Outcome::Sessions { sessions, next }
        }
        AdminCommand::ListDenials { page } => {
            let found = operator.denials(before(&page)?, page.limit).await?;
            let (denials, next) = mapped(found, Into::into);
            Outcome::Denials { denials, next }
        }
        AdminCommand::ListKeys => {
            let keys = operator.keys().await?;
            Outcome::Keys {
                keys: keys.into_iter().map(Into::into).collect(),
            }
        }
        _ => return Err(Failure::new(FailureCode::Failed, "not a list")),
    })
}

async fn deny(
    operator: &Operator<'_>,
    services: Option<&Services>,
    target: DenialTarget,
    reason: &str,
) -> Result<Outcome, Failure> {
    match target {
        DenialTarget::Token(TokenText(token)) => {
            let Some(services) = services else {
                let text = "only a running server can verify an access token; start the server, or \
                            end the token's session: its id is the sid claim";
                return Err(Failure::new(FailureCode::Failed, text));
            };
            let claims = verified_token(services, &token)?;
            operator.deny_token(&claims, reason).await?;
            let token = claims.jti;
            Ok(Outcome::TokenDenied { token })
        }
        DenialTarget::Session(session) => {
            let user = operator.end_session(session, Some(reason)).await?;
            Ok(Outcome::SessionEnded { session, user })
        }
        DenialTarget::User(user) => {
            let sessions_ended = operator.deny_user(user, reason).await?;
            let user = UserSelector::Id(user);
            let user = operator.find(&user).await?.into();
            Ok(Outcome::SessionsEnded {
                user,
                sessions_ended,
            })
        }
    }
}

fn before(page: &PageRequest) -> Result<Option<ListCursor>, OperatorError> {
    let before = page.before.as_deref().map(str::parse).transpose();
    before.map_err(|error: InvalidCursor| error.into())
}

/// The entries of a page, and the text of its cursor.
fn mapped<T, U>(page: ListPage<T>, map: impl Fn(T) -> U) -> (Vec<U>, Option<String>) {
    let next = page.next.map(|cursor| cursor.to_string());
    (page.items.into_iter().map(map).collect(), next)
}
