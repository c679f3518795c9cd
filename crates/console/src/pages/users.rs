//! `/admin/users`: all users, with search, filters and pages.

mod local_accounts;

use latchkey_types::admin::{AdminUser, AdminUserList};
use latchkey_web::erased::client_only;
use leptos::html::{div, p, span};
use leptos::prelude::*;

use crate::field::Field;
use crate::form::{Commands, filter_form};
use crate::host::Host;
use crate::link::NewLink;
use crate::page::{CurrentQuery, heading};
use crate::query::Query;
use crate::remote::Remote;
use crate::route::Route;
use crate::table::{cell, pager, table};
use crate::text::{badge, user_link, user_name, when};

/// The page.
pub(crate) fn view() -> AnyView {
    let host = Host::expect();
    let query = CurrentQuery::expect();
    let users =
        Remote::<AdminUserList>::new(move || query.with(|query| query.url("/api/admin/users")));
    let commands = Commands::new(move || users.refetch());
    let link = NewLink::new();
    let current = query.get_untracked();
    let search = Field::new("q", "Name, email address, username or ID", current.get("q"));
    let status = Field::new("status", "Status", current.get("status"));
    let role = Field::new("role", "Role", current.get("role"));
    let apply = move || {
        let filtered = Query::default()
            .with("q", &search.get())
            .with("status", &status.get())
            .with("role", &role.get());
        host.navigate(&filtered.url(&Route::Users.path()));
    };
    client_only((
        heading("Users", "All users of this server."),
        commands.status_line(),
        link.view(),
        filter_form(
            "Filter users",
            vec![
                search.input("search", "Matches the beginning of each word."),
                status.select([("", "Any"), ("active", "Active"), ("banned", "Banned")]),
                role.input("text", "A role granted by an operator."),
            ],
            apply,
        ),
        users.view("Loading users", move |list| {
            let query = query.get_untracked();
            let rows = list.users.iter().map(row).collect();
            client_only((
                table(
                    "Users",
                    &[
                        "User",
                        "Email address",
                        "Provider",
                        "Roles",
                        "Created",
                        "Status",
                    ],
                    rows,
                ),
                pager(&Route::Users.path(), &query, list.next.as_deref()),
            ))
        }),
        local_accounts::view(commands, link),
    ))
}

fn row(user: &AdminUser) -> Vec<AnyView> {
    vec![
        user_link(&user.id, user_name(user)),
        email(user),
        cell(user.provider.clone()),
        cell(user.roles.join(", ")),
        when(user.created_at),
        status(user),
    ]
}

/// The email address, marked if it is not verified.
pub(crate) fn email(user: &AdminUser) -> AnyView {
    let Some(email) = user.email.clone() else {
        return cell("None");
    };
    let unverified =
        (user.email_verified != Some(true)).then(|| p().class("c-hint").child("Not verified"));
    client_only(div().child((span().child(email), unverified)))
}

/// Whether the user is banned.
pub(crate) fn status(user: &AdminUser) -> AnyView {
    match &user.ban {
        Some(_) => badge("Banned", "bad"),
        None => badge("Active", "good"),
    }
}
