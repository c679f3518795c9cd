//! `/admin/denylist`: the tokens that are denied before they expire.

use latchkey_types::admin::{AdminDenial, AdminDenialList, DenialKind, DenialRequest};
use latchkey_web::components::confirm::ConfirmAction;
use latchkey_web::components::countdown::use_now;
use latchkey_web::erased::{client_only, dynamic_text, empty};
use latchkey_web::time;
use leptos::html::{code, h2, section, span};
use leptos::prelude::*;

use crate::api;
use crate::field::Field;
use crate::form::{Commands, command};
use crate::host::Host;
use crate::page::{CurrentQuery, heading};
use crate::query::encoded;
use crate::remote::Remote;
use crate::route::Route;
use crate::table::{cell, pager, table};
use crate::text::{user_link, when, words};

/// The page.
pub(crate) fn view() -> AnyView {
    let query = CurrentQuery::expect();
    let denials =
        Remote::<AdminDenialList>::new(move || query.with(|query| query.url("/api/admin/denials")));
    let commands = Commands::new(move || denials.refetch());
    let now = use_now();
    client_only((
        heading(
            "Denylist",
            "Access tokens that are refused although they have not expired. An entry disappears \
             once the last token it applies to has expired.",
        ),
        commands.status_line(),
        denials.view("Loading the denylist", move |list| {
            let query = query.get_untracked();
            let rows = list.denials.iter().map(|denial| row(commands, now, denial));
            client_only((
                table(
                    "Denylist",
                    &[
                        "Applies to",
                        "ID",
                        "Reason",
                        "By",
                        "Denied",
                        "Remaining",
                        "Action",
                    ],
                    rows.collect(),
                ),
                pager(&Route::Denylist.path(), &query, list.next.as_deref()),
            ))
        }),
        section()
            .class("p-console-part")
            .aria_labelledby("add-heading")
            .child((
                h2().id("add-heading").child("Add an entry"),
                add_form(commands),
            )),
    ))
}

fn row(commands: Commands, now: ReadSignal<u64>, denial: &AdminDenial) -> Vec<AnyView> {
    let until = denial.until.saturating_mul(1000);
    let remaining = move || match until.saturating_sub(now.get()) {
        0 => "Expired".to_owned(),
        left => time::countdown(left),
    };
    let id = match denial.kind {
        DenialKind::User => user_link(&denial.id, denial.id.clone()),
        DenialKind::Everyone => cell("All users"),
        DenialKind::Token | DenialKind::Session => client_only(code().child(denial.id.clone())),
    };
    let by = match &denial.by {
        Some(by) if by == "command line" || by == "application" => cell(words(by)),
        Some(by) => user_link(by, by.clone()),
        None => empty(),
    };
    // An operator's reason is shown as it was written.
    let reason = match &denial.by {
        Some(_) => denial.reason.clone(),
        None => words(&denial.reason),
    };
    vec![
        cell(kind_name(denial.kind)),
        id,
        cell(reason),
        by,
        when(denial.at),
        client_only(span().child(dynamic_text(remaining))),
        lift_button(commands, denial),
    ]
}

const fn kind_name(kind: DenialKind) -> &'static str {
    match kind {
        DenialKind::Token => "Token",
        DenialKind::Session => "Session",
        DenialKind::User => "User",
        DenialKind::Everyone => "Everyone",
    }
}

/// A button that lifts the denial, if that is possible: an ended session stays ended.
fn lift_button(commands: Commands, denial: &AdminDenial) -> AnyView {
    if !denial.liftable {
        return empty();
    }
    let host = Host::expect();
    let path = format!("/api/admin/denials/token/{}", encoded(&denial.id));
    let action = ConfirmAction {
        key: denial.id.clone(),
        label: "Lift",
        name: denial.id.clone(),
        question: "Lift this denial?",
        busy: "Lifting…",
    };
    commands.button(action, move || {
        let path = path.clone();
        command(async move {
            api::send(host, "DELETE", &path).await?;
            Ok("The denial was lifted. The token is accepted again.".to_owned())
        })
    })
}

fn add_form(commands: Commands) -> AnyView {
    let host = Host::expect();
    let kind = Field::new("kind", "Applies to", "token".to_owned());
    let id = Field::secret("id", "Token or ID");
    let reason = Field::new("reason", "Reason", String::new());
    let action = ConfirmAction {
        key: "add".to_owned(),
        label: "Add to the denylist",
        name: "Add an entry".to_owned(),
        question: "Deny these tokens now?",
        busy: "Adding…",
    };
    let inputs = vec![
        kind.select([
            ("token", "One access token"),
            ("session", "A session"),
            ("user", "All sessions of a user"),
        ]),
        id.input(
            "text",
            "An access token as it was issued, or the ID of a session or user.",
        ),
        reason.input("text", "Recorded in the audit log."),
    ];
    commands.form(action, &[kind, id, reason], inputs, move || {
        let (of, text) = (id.get(), reason.get());
        let has_id = id.check(!of.is_empty(), "Enter a token or an ID.");
        let has_reason = reason.check(
            (1..=500).contains(&text.chars().count()),
            "Enter a reason of at most 500 characters.",
        );
        if !has_id || !has_reason {
            return None;
        }
        let mut request = DenialRequest {
            reason: text,
            ..DenialRequest::default()
        };
        match kind.get().as_str() {
            "session" => request.session = Some(of),
            "user" => request.user = Some(of),
            _ => request.token = Some(of),
        }
        Some(command(async move {
            api::send_json(host, "POST", "/api/admin/denials", &request).await?;
            id.value.try_set(String::new());
            reason.value.try_set(String::new());
            Ok("The entry was added. It applies immediately.".to_owned())
        }))
    })
}
