//! What happened, and the class by which the number of records is limited.

use core::fmt;
use core::str::FromStr;

use serde::de::IntoDeserializer as _;
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Serialize};

use crate::audit::AuditKind;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RecordKind {
    /// An event that the user's own history contains too.
    Account(AuditKind),
    /// Anything else.
    Server(ServerAct),
    /// A kind that only a later version of this program knows.
    Unknown(String),
}

/// What happened on the server and is not an event in a user's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerAct {
    /// A session was refreshed.
    Refreshed,
    /// A refresh was repeated because its response had been lost.
    RefreshRepeated,
    /// A sign-in was refused or failed.
    SignInRefused,
    /// A refresh token was refused, or the refresh failed.
    RefreshRefused,
    /// A request to the admin API was refused.
    RequestRefused,
    /// A sign-up was refused or failed.
    SignUpRefused,
    /// A password change was refused or failed: the current password was wrong, the link was not
    /// valid, or a link was requested too often.
    PasswordChangeRefused,
    /// Refusals beyond the limit per minute, which are not recorded individually; the detail
    /// contains their number.
    RefusalsOmitted,
    /// A local account was created.
    AccountCreated,
    /// An operator created an invitation.
    InvitationCreated,
    /// A link to set a password was created.
    PasswordLinkCreated,
    /// All sessions of all users were ended.
    EveryoneEnded,
    /// A signing key was added.
    KeyRotated,
    /// A backup was exported.
    Exported,
    /// The audit log was exported.
    AuditExported,
    /// A server started.
    Started,
}

/// A class of records. Each class has its own limit, so that records of refreshes (there are many)
/// and of refusals (anyone can cause them) do not displace other records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordClass {
    /// Acts of users, and what follows from them.
    UserActs,
    /// Acts of operators, and of the server itself. Users cannot cause them, so these records are
    /// removed only after their retention time, or to make room for newer ones of this class.
    OperatorActs,
    /// Refreshes.
    Refreshes,
    /// Refused requests.
    Refusals,
}

impl RecordClass {
    /// Every class.
    pub const ALL: [Self; 4] = [
        Self::UserActs,
        Self::OperatorActs,
        Self::Refreshes,
        Self::Refusals,
    ];
}

impl RecordKind {
    /// The classes that can contain records of this kind. Earlier versions stored all acts as acts
    /// of users.
    pub fn classes(&self) -> &'static [RecordClass] {
        match self {
            Self::Server(ServerAct::Refreshed | ServerAct::RefreshRepeated) => {
                &[RecordClass::Refreshes]
            }
            Self::Server(
                ServerAct::SignInRefused
                | ServerAct::RefreshRefused
                | ServerAct::RequestRefused
                | ServerAct::SignUpRefused
                | ServerAct::PasswordChangeRefused
                | ServerAct::RefusalsOmitted,
            ) => &[RecordClass::Refusals],
            Self::Account(_) | Self::Server(_) | Self::Unknown(_) => {
                &[RecordClass::UserActs, RecordClass::OperatorActs]
            }
        }
    }

    /// Whether only an operator or the server itself does this.
    pub(super) fn is_by_operator(&self) -> bool {
        match self {
            Self::Account(kind) => matches!(
                kind,
                AuditKind::EndedByOperator
                    | AuditKind::Banned
                    | AuditKind::Unbanned
                    | AuditKind::RolesChanged
                    | AuditKind::TokenDenied
                    | AuditKind::DenialLifted
            ),
            Self::Server(act) => matches!(
                act,
                ServerAct::InvitationCreated
                    | ServerAct::EveryoneEnded
                    | ServerAct::KeyRotated
                    | ServerAct::Exported
                    | ServerAct::AuditExported
                    | ServerAct::Started
            ),
            Self::Unknown(_) => false,
        }
    }
}

/// The name of the kind, such as `signed_in`.
impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl From<AuditKind> for RecordKind {
    fn from(kind: AuditKind) -> Self {
        Self::Account(kind)
    }
}

impl From<ServerAct> for RecordKind {
    fn from(act: ServerAct) -> Self {
        Self::Server(act)
    }
}

/// The string is not the name of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownKind;

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no audit record has this kind; docs/http-api.md lists the kinds")
    }
}

impl core::error::Error for UnknownKind {}

impl FromStr for RecordKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let text: StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
        match Self::deserialize(text) {
            Ok(Self::Unknown(_)) | Err(_) => Err(UnknownKind),
            Ok(kind) => Ok(kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_parsed_from_their_names() {
        for (name, kind) in [
            ("signed_in", RecordKind::Account(AuditKind::SignedIn)),
            ("unproven", RecordKind::Account(AuditKind::ProofMissing)),
            ("refreshed", RecordKind::Server(ServerAct::Refreshed)),
        ] {
            assert_eq!(name.parse(), Ok(kind.clone()));
            assert_eq!(kind.to_string(), name);
            let json = serde_json::to_string(&kind).expect("JSON");
            assert_eq!(json, format!("\"{name}\""));
        }
        assert_eq!("danced".parse::<RecordKind>(), Err(UnknownKind));
    }
}
