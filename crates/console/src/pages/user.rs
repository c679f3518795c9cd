//! `/admin/users/{id}`: a user, and the actions that an administrator can take.

mod password;

use latchkey_types::BanRequest;
use latchkey_types::admin::{AdminBan, AdminSessionList, AdminUser, AuditList, RolesRequest};
use latchkey_web::components::confirm::ConfirmAction;
use latchkey_web::erased::{client_only, dynamic, empty};
use latchkey_web::time;
use leptos::html::{a, code, dd, div, dl, dt, li, p, section, ul};
use leptos::prelude::*;

use super::audit::events_table;
use super::sessions::sessions_table;
use super::users::{email, status};
use crate::api;
use crate::field::Field;
use crate::form::{Commands, command};
use crate::host::Host;
use crate::page::{heading_of, part};
use crate::query::{Query, encoded};
use crate::remote::Remote;
use crate::route::Route;
use crate::table::cell;
use crate::text::{now, role_names, user_name, when};
use crate::time_field::to_seconds;

/// How many of the latest events are shown.
const EVENTS: &str = "10";

/// The longest reason for a ban, in characters.
const MAX_REASON: usize = 500;

/// The page of the user with this id.
pub(crate) fn view(id: &str) -> AnyView {
    let path = format!("/api/admin/users/{}", encoded(id));
    let path_to = |rest: &str| {
        let path = format!("{path}{rest}");
        move || path.clone()
    };
    let events = Query::default().with("user", id);
    let latest = events.clone().with("limit", EVENTS).url("/api/admin/audit");
    let user = Remote::<AdminUser>::new(path_to(""));
    let sessions = Remote::<AdminSessionList>::new(path_to("/sessions"));
    let audit = Remote::<AuditList>::new(move || latest.clone());
    let commands = Commands::new(move || {
        user.refetch();
        sessions.refetch();
        audit.refetch();
    });
    let all_events = events.url(&Route::Audit.path());
    client_only((
        heading_of(move || {
            user.get()
                .map_or_else(|| "User".to_owned(), |user| user_name(&user))
        }),
        commands.status_line(),
        user.view("Loading the user", facts),
        part(
            "roles-heading",
            "Roles",
            roles_part(commands, user, path.clone()),
        ),
        part("ban-heading", "Ban", ban_part(commands, user, path.clone())),
        password::view(commands, user, path.clone()),
        part(
            "sessions-heading",
            "Sessions",
            client_only((
                sessions.view("Loading the sessions", move |list| {
                    sessions_table(commands, &list.sessions, false)
                }),
                end_all_button(commands, path),
            )),
        ),
        part(
            "events-heading",
            "Latest events",
            client_only((
                audit.view("Loading the events", |list| {
                    events_table(&list.events, false)
                }),
                p().child(a().href(all_events).child("All events of this user")),
            )),
        ),
    ))
}

fn facts(user: &AdminUser) -> AnyView {
    let roles = if user.roles.is_empty() {
        "None".to_owned()
    } else {
        user.roles.join(", ")
    };
    let identities = user.identities.iter().map(|identity| {
        li().child((
            format!("{}: ", identity.provider),
            code().child(identity.subject.clone()),
            p().class("c-hint").child(identity.issuer.clone()),
        ))
    });
    client_only(
        section().class("c-card").aria_label("Account").child(
            dl().class("c-facts").child((
                user.name.clone().map(|name| fact("Name", cell(name))),
                fact("Status", status(user)),
                user.username
                    .clone()
                    .map(|username| fact("Username", cell(username))),
                fact("Email address", email(user)),
                fact("Roles", cell(roles)),
                fact("Created", when(user.created_at)),
                fact("ID", client_only(code().child(user.id.clone()))),
                fact(
                    "Identities",
                    client_only(
                        ul().class("p-console-list")
                            .child(identities.collect_view()),
                    ),
                ),
            )),
        ),
    )
}

fn fact(name: &'static str, value: AnyView) -> AnyView {
    client_only(div().child((dt().child(name), dd().child(value))))
}

/// The form for the roles that an operator grants. It appears once the user's granted roles are
/// loaded: if it were empty, submitting it would remove them.
fn roles_part(commands: Commands, user: Remote<AdminUser>, path: String) -> AnyView {
    let roles = Field::new("roles", "Roles granted by an operator", String::new());
    // Keep what was typed; update a field that was not changed.
    let granted = Memo::new(move |_| user.get().map(|user| user.granted_roles.join(", ")));
    Effect::new(move |previous: Option<Option<String>>| {
        let granted = granted.get();
        let before = previous.flatten().unwrap_or_default();
        if let Some(granted) = &granted
            && roles.get() == before
        {
            roles.value.set(granted.clone());
        }
        granted
    });
    let is_known = Memo::new(move |_| granted.with(Option::is_some));
    client_only(dynamic(move || {
        if is_known.get() {
            roles_form(commands, roles, path.clone())
        } else {
            empty()
        }
    }))
}

fn roles_form(commands: Commands, roles: Field, path: String) -> AnyView {
    let host = Host::expect();
    let action = ConfirmAction {
        key: "roles".to_owned(),
        label: "Change roles",
        name: "Change roles".to_owned(),
        question: "Change the roles of this user?",
        busy: "Changing…",
    };
    commands.form(
        action,
        &[roles],
        vec![roles.input(
            "text",
            "Separated by commas. Roles that come from the configuration or the application are not \
             listed here and do not change.",
        )],
        move || {
            let request = RolesRequest {
                roles: role_names(&roles.get()),
            };
            let path = format!("{path}/roles");
            Some(command(async move {
                api::send_json(host, "PUT", &path, &request).await?;
                Ok("The roles were changed. Tokens include them from the next refresh.".to_owned())
            }))
        },
    )
}

/// The ban and a button to lift it, or a form to ban the user.
fn ban_part(commands: Commands, user: Remote<AdminUser>, path: String) -> AnyView {
    let reason = Field::new("reason", "Reason", String::new());
    let until = Field::new("until", "Ends (optional)", String::new());
    let ban = Memo::new(move |_| user.get().map(|user| user.ban.clone()));
    client_only(dynamic(move || match ban.get() {
        None => empty(),
        Some(None) => ban_form(commands, reason, until, path.clone()),
        Some(Some(ban)) => banned(commands, &ban, path.clone()),
    }))
}

fn ban_form(commands: Commands, reason: Field, until: Field, path: String) -> AnyView {
    let host = Host::expect();
    let action = ConfirmAction {
        key: "ban".to_owned(),
        label: "Ban user",
        name: "Ban user".to_owned(),
        question: "Ban this user and end all sessions?",
        busy: "Banning…",
    };
    let inputs = vec![
        reason.input("text", "Recorded in the audit log."),
        until.input(
            "datetime-local",
            "Without an end, the ban lasts until it is lifted.",
        ),
    ];
    commands.form(action, &[reason, until], inputs, move || {
        let text = reason.get();
        let end = to_seconds(&until.get());
        let has_reason = reason.check(
            (1..=MAX_REASON).contains(&text.chars().count()),
            "Enter a reason of at most 500 characters.",
        );
        let has_end = until.check(
            until.get().is_empty() || end.is_some_and(|end| end > now()),
            "Enter a time in the future.",
        );
        if !has_reason || !has_end {
            return None;
        }
        let request = BanRequest {
            reason: text,
            until: end,
        };
        let path = format!("{path}/ban");
        Some(command(async move {
            api::send_json(host, "POST", &path, &request).await?;
            reason.value.try_set(String::new());
            until.value.try_set(String::new());
            Ok("The user is banned. All sessions have ended.".to_owned())
        }))
    })
}

fn banned(commands: Commands, ban: &AdminBan, path: String) -> AnyView {
    let host = Host::expect();
    let until = ban.until.map_or_else(
        || "The ban has no end date.".to_owned(),
        |until| format!("The ban ends {}.", time::date_time(until)),
    );
    let action = ConfirmAction {
        key: "unban".to_owned(),
        label: "Lift the ban",
        name: String::new(),
        question: "Lift the ban on this user?",
        busy: "Lifting…",
    };
    let lift = commands.button(action, move || {
        let path = format!("{path}/ban");
        command(async move {
            api::send(host, "DELETE", &path).await?;
            Ok("The ban is lifted. The user can sign in again.".to_owned())
        })
    });
    client_only(section().class("c-card p-console-form").child((
        p().child(format!("Banned {}. {until}", time::date_time(ban.at))),
        p().child(format!("Reason: {}", ban.reason)),
        lift,
    )))
}

fn end_all_button(commands: Commands, path: String) -> AnyView {
    let host = Host::expect();
    let action = ConfirmAction {
        key: "end-all".to_owned(),
        label: "End all sessions",
        name: String::new(),
        question: "End all sessions of this user?",
        busy: "Ending…",
    };
    commands.button(action, move || {
        let path = format!("{path}/sessions");
        command(async move {
            api::send(host, "DELETE", &path).await?;
            Ok("All sessions of this user have ended.".to_owned())
        })
    })
}
