//! Operations of administrators.

use latchkey_types::admin::keys::KeyRotated;
use latchkey_types::admin::{
    AdminDenialList, AdminKeyList, AdminLink, AdminSessionList, AdminUser, AdminUserList,
    AuditList, DenialRequest, InvitationRequest, NewUserRequest, Overview, RolesRequest,
    UserCreated,
};
use latchkey_types::{BanRequest, ErrorCode, paths};
use serde_json::json;

use super::super::operation::Operation;
use super::super::schemas::Schemas;

pub(super) fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    let mut all = users(schemas);
    all.extend(local_accounts(schemas));
    all.extend(sessions(schemas));
    all.extend(denials(schemas));
    all.extend(keys_and_backup(schemas));
    all.extend(audit(schemas));
    all
}

fn new(route: (&'static str, &'static str), id: &'static str, summary: &'static str) -> Operation {
    Operation::new("administration", route, id, summary).admin()
}

fn users(schemas: &mut Schemas) -> Vec<Operation> {
    let text = json!({ "type": "string" });
    let status = json!({ "enum": ["active", "banned"] });
    vec![
        new(
            ("get", paths::API_ADMIN_USERS),
            "listUsers",
            "Users, the newest first",
        )
        .query(
            "q",
            false,
            &text,
            "Words, each of which must be the beginning of the email address, the username or a word \
             of the name; or a user id.",
        )
        .query("status", false, &status, "Only users with this status.")
        .query("role", false, &text, "Only users with this granted role.")
        .paged()
        .ok::<AdminUserList>(schemas, "A page of users."),
        new(("get", paths::API_ADMIN_USER), "getUser", "One user")
            .error(404, &[ErrorCode::NotFound])
            .ok::<AdminUser>(schemas, "The user."),
        new(
            ("put", paths::API_ADMIN_USER_ROLES),
            "replaceRoles",
            "Replace the roles that were granted to a user",
        )
        .recent()
        .json::<RolesRequest>(schemas, true)
        .error(404, &[ErrorCode::NotFound])
        .ok::<AdminUser>(schemas, "The user with the new roles."),
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
        .empty(204, "The ban is lifted, or there was none."),
    ]
}

fn local_accounts(schemas: &mut Schemas) -> Vec<Operation> {
    vec![
        new(
            ("post", paths::API_ADMIN_USERS),
            "createUser",
            "Create a local account. Its user sets the password with a link",
        )
        .recent()
        .json::<NewUserRequest>(schemas, true)
        .error(422, &[ErrorCode::InvalidFields])
        .ok::<UserCreated>(schemas, "The user and the link."),
        new(
            ("post", paths::API_ADMIN_INVITATIONS),
            "createInvitation",
            "Create a link with which a person can create a local account",
        )
        .recent()
        .json::<InvitationRequest>(schemas, false)
        .error(403, &[ErrorCode::SignUpClosed])
        .error(422, &[ErrorCode::InvalidFields])
        .ok::<AdminLink>(schemas, "The link."),
        new(
            ("post", paths::API_ADMIN_USER_PASSWORD_LINK),
            "createPasswordLink",
            "Create a link to set a new password for a local account",
        )
        .recent()
        .error(404, &[ErrorCode::NotFound])
        .ok::<AdminLink>(schemas, "The link."),
    ]
}

fn sessions(schemas: &mut Schemas) -> Vec<Operation> {
    vec![
        new(
            ("get", paths::API_ADMIN_USER_SESSIONS),
            "listUserSessions",
            "The live sessions of a user, newest first",
        )
        .error(404, &[ErrorCode::NotFound])
        .ok::<AdminSessionList>(schemas, "The sessions."),
        new(
            ("delete", paths::API_ADMIN_USER_SESSIONS),
            "endUserSessions",
            "End all sessions of a user",
        )
        .recent()
        .error(404, &[ErrorCode::NotFound])
        .empty(204, "The sessions have ended; their tokens are refused."),
        new(
            ("get", paths::API_ADMIN_SESSIONS),
            "listAllSessions",
            "The live sessions of all users, newest first",
        )
        .paged()
        .ok::<AdminSessionList>(schemas, "A page of sessions."),
        new(
            ("delete", paths::API_ADMIN_SESSION),
            "endAnySession",
            "End one session of any user",
        )
        .recent()
        .error(404, &[ErrorCode::NotFound])
        .empty(204, "The session has ended; its tokens are refused."),
        new(
            ("delete", paths::API_ADMIN_SESSIONS),
            "endAllSessions",
            "End all sessions of all users, including the caller's",
        )
        .recent()
        .empty(204, "The sessions have ended; their tokens are refused."),
    ]
}

fn denials(schemas: &mut Schemas) -> Vec<Operation> {
    vec![
        new(
            ("get", paths::API_ADMIN_DENIALS),
            "listDenials",
            "The denylist",
        )
        .paged()
        .ok::<AdminDenialList>(schemas, "A page of the denials in force."),
        new(
            ("post", paths::API_ADMIN_DENIALS),
            "addDenial",
            "Refuse an access token, or end a session or the sessions of a user",
        )
        .recent()
        .json::<DenialRequest>(schemas, true)
        .error(404, &[ErrorCode::NotFound])
        .empty(204, "The tokens are refused."),
        new(
            ("delete", paths::API_ADMIN_DENIAL),
            "liftDenial",
            "Lift an operator's denial of an access token",
        )
        .recent()
        .error(404, &[ErrorCode::NotFound])
        .error(409, &[ErrorCode::NotLiftable])
        .empty(204, "The token is accepted until it expires."),
    ]
}

fn audit(schemas: &mut Schemas) -> Vec<Operation> {
    let selected = |operation: Operation| {
        let text = json!({ "type": "string" });
        let time = json!({ "type": "integer", "minimum": 0 });
        let outcome = json!({ "enum": ["success", "refused", "failed"] });
        operation
            .query("user", false, &text, "Only records that concern this user.")
            .query("kind", false, &text, "Only records of this kind.")
            .query(
                "outcome",
                false,
                &outcome,
                "Only records with this outcome.",
            )
            .query("after", false, &time, "Only records at or after this time.")
            .query("until", false, &time, "Only records before this time.")
            .error(400, &[ErrorCode::InvalidRequest])
    };
    let list = new(
        ("get", paths::API_ADMIN_AUDIT),
        "listAudit",
        "The audit log, newest first",
    );
    let export = new(
        ("get", paths::API_ADMIN_AUDIT_EXPORT),
        "exportAudit",
        "The audit log as JSON lines",
    );
    vec![
        selected(list)
            .paged()
            .ok::<AuditList>(schemas, "A page of records."),
        selected(export)
            .recent()
            .query(
                "before",
                false,
                &json!({ "type": "string" }),
                "`next` from a page of the list; exports only the records after that page.",
            )
            .responds(
                200,
                "The selected records, one object per line, newest first.",
                "application/jsonl",
                &json!({ "type": "string" }),
            ),
        new(
            ("get", paths::API_ADMIN_OVERVIEW),
            "overview",
            "Numbers about the whole server",
        )
        .ok::<Overview>(schemas, "The numbers."),
    ]
}

fn keys_and_backup(schemas: &mut Schemas) -> Vec<Operation> {
    vec![
        new(
            ("get", paths::API_ADMIN_KEYS),
            "listKeys",
            "The signing keys, newest first",
        )
        .ok::<AdminKeyList>(schemas, "The keys."),
        new(
            ("post", paths::API_ADMIN_KEYS),
            "rotateKeys",
            "Add a signing key, unless the newest one is still waiting for its first use",
        )
        .recent()
        .ok::<KeyRotated>(
            schemas,
            "The newest key. It begins to sign within ten minutes.",
        ),
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
