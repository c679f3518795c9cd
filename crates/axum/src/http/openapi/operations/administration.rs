//! Operations of administrators.

use latchkey_types::{BanRequest, ErrorCode, paths};
use serde_json::json;

use super::super::operation::Operation;
use super::super::schemas::Schemas;

pub(super) fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    let new = |route, id, summary| Operation::new("administration", route, id, summary).admin();
    vec![
        new(("post", paths::API_ADMIN_USER_BAN), "banUser", "Ban a user")
            .recent()
            .json::<BanRequest>(schemas, true)
            .error(404, &[ErrorCode::NotFound])
            .empty(
                204,
                "The user is banned; all tokens of the user are refused.",
            ),
        new(
            ("delete", paths::API_ADMIN_USER_BAN),
            "unbanUser",
            "Lift the ban of a user",
        )
        .recent()
        .error(404, &[ErrorCode::NotFound])
        .empty(204, "The user is not banned."),
        new(
            ("delete", paths::API_ADMIN_USER_SESSIONS),
            "endUserSessions",
            "End all sessions of a user",
        )
        .recent()
        .error(404, &[ErrorCode::NotFound])
        .empty(204, "The sessions have ended; their tokens are refused."),
        new(
            ("delete", paths::API_ADMIN_SESSIONS),
            "endAllSessions",
            "End all sessions of all users, including the caller's",
        )
        .recent()
        .empty(204, "The sessions have ended; their tokens are refused."),
        new(
            ("get", paths::API_ADMIN_EXPORT),
            "export",
            "A backup of the running server",
        )
        .recent()
        .responds(
            200,
            "JSON lines, as written by `latchkey export`.",
            "application/jsonl",
            &json!({ "type": "string" }),
        ),
    ]
}
