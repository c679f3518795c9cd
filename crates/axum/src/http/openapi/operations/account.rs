//! Operations of the signed-in user.

use latchkey_types::{ActivityList, ErrorCode, Me, SessionList, paths};
use serde_json::json;

use super::super::operation::Operation;
use super::super::schemas::Schemas;

pub(super) fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    let new = |route, id, summary| Operation::new("account", route, id, summary).signed_in();
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
            "End one session; one other than the current needs a recent sign-in",
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
            "A stream that reports changes of the account and the end of the session",
        )
        .responds(
            200,
            "Server-sent events. The `data` of each is a `ServerEvent` as JSON.",
            "text/event-stream",
            &json!({ "type": "string", "contentMediaType": "text/event-stream" }),
        ),
    ]
}
