//! Operations of the signed-in user.

use latchkey_types::{
    AccountExport, ActivityList, ErrorCode, IdentityList, LinkCompletion, LinkRequest, LinkStarted,
    Me, ServerEvent, SessionList, paths,
};
use serde_json::json;

use super::super::operation::Operation;
use super::super::schemas::Schemas;

pub(super) fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    let mut operations = sessions(schemas);
    operations.extend(identities(schemas));
    operations
}

fn new(route: (&'static str, &'static str), id: &'static str, summary: &'static str) -> Operation {
    Operation::new("account", route, id, summary).signed_in()
}

fn sessions(schemas: &mut Schemas) -> Vec<Operation> {
    vec![
        new(
            ("get", paths::API_ME),
            "getMe",
            "The user of the access token",
        )
        .ok::<Me>(schemas, "The claims of the access token."),
        new(
            ("get", paths::API_SESSIONS),
            "listSessions",
            "The user's live sessions, the current one first",
        )
        .ok::<SessionList>(schemas, "The sessions."),
        new(
            ("delete", paths::API_SESSIONS),
            "endOtherSessions",
            "End all other sessions of the user",
        )
        .recent()
        .empty(204, "The sessions have ended; their tokens are refused."),
        new(
            ("delete", paths::API_SESSION),
            "endSession",
            "End one session; requires a recent sign-in, except for the current session",
        )
        .recent()
        .error(404, &[ErrorCode::NotFound])
        .empty(204, "The session has ended; its tokens are refused."),
        new(
            ("get", paths::API_ACTIVITY),
            "listActivity",
            "The user's security events, newest first",
        )
        .paged()
        .ok::<ActivityList>(schemas, "The events of the last 90 days, at most 200."),
        new(
            ("get", paths::API_EVENTS),
            "streamEvents",
            "A stream that reports changes to the account and the end of the session",
        )
        .responds(
            200,
            "Server-sent events. The `data` of each is a `ServerEvent` as JSON.",
            "text/event-stream",
            &json!({
                "type": "object",
                "description": "One event.",
                "required": ["data"],
                "properties": {
                    "data": {
                        "type": "string",
                        "contentMediaType": "application/json",
                        "contentSchema": schemas.of_response::<ServerEvent>(),
                    },
                },
            }),
        ),
    ]
}

fn identities(schemas: &mut Schemas) -> Vec<Operation> {
    vec![
        new(
            ("get", paths::API_IDENTITIES),
            "listIdentities",
            "The ways to sign in to the account, oldest first",
        )
        .ok::<IdentityList>(schemas, "The identities."),
        new(
            ("post", paths::API_IDENTITIES_LINK),
            "beginLink",
            "Begin to add a way to sign in; the response sets the cookie of the sign-in",
        )
        .recent()
        .json::<LinkRequest>(schemas, true)
        .error(400, &[ErrorCode::UnknownProvider])
        .error(503, &[ErrorCode::ProviderUnavailable])
        .ok::<LinkStarted>(schemas, "The URL to which the browser must go."),
        new(
            ("post", paths::API_IDENTITIES),
            "completeLink",
            "Add a way to sign in, with the provider's authorization response",
        )
        .json::<LinkCompletion>(schemas, true)
        .error(
            400,
            &[
                ErrorCode::SignInNotFound,
                ErrorCode::ProviderRefused,
                ErrorCode::ProviderInvalid,
                ErrorCode::StepUpRequired,
                ErrorCode::NotAdmitted,
                ErrorCode::Banned,
                ErrorCode::SessionEnded,
            ],
        )
        .error(409, &[ErrorCode::IdentityInUse])
        .error(503, &[ErrorCode::ProviderUnavailable])
        .empty(204, "The account has this way to sign in."),
        new(
            ("delete", paths::API_IDENTITY),
            "deleteIdentity",
            "Remove a way to sign in, and end the sessions that were opened with it",
        )
        .recent()
        .error(400, &[ErrorCode::Banned])
        .error(404, &[ErrorCode::NotFound])
        .error(409, &[ErrorCode::LastIdentity])
        .empty(204, "The way to sign in was removed."),
        new(
            ("get", paths::API_ACCOUNT_EXPORT),
            "exportAccount",
            "Export the account, its identities, sessions, security events and audit records",
        )
        .recent()
        .ok::<AccountExport>(schemas, "The data, as a download."),
        new(
            ("delete", paths::API_ACCOUNT),
            "deleteAccount",
            "Delete the account",
        )
        .recent()
        .error(400, &[ErrorCode::Banned])
        .empty(204, "The account is deleted; all its tokens are refused."),
    ]
}
