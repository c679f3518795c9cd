//! `/admin/audit`: what users, clients and operators did, with filters, pages and an export.

use std::iter::once;

use latchkey_types::ActivityKind;
use latchkey_types::admin::{AuditEvent, AuditList, AuditOutcome};
use latchkey_web::components::confirm::ConfirmAction;
use latchkey_web::components::icon::Icon;
use latchkey_web::device::device;
use latchkey_web::erased::client_only;
use leptos::html::{code, div, p, span};
use leptos::prelude::*;

use crate::api;
use crate::download;
use crate::field::Field;
use crate::form::{Commands, command, filter_form};
use crate::host::Host;
use crate::page::{CurrentQuery, heading};
use crate::query::Query;
use crate::remote::Remote;
use crate::route::Route;
use crate::table::{cell, pager, table};
use crate::text::{badge, user_link, when, words};
use crate::time_field::{from_seconds, to_seconds};

/// The kinds to choose from (`latchkey_core::RecordKind`).
const KINDS: [&str; 35] = [
    "signed_in",
    "sign_in_refused",
    "refreshed",
    "refresh_repeated",
    "refresh_refused",
    "replayed",
    "unproven",
    "signed_out",
    "ended_remotely",
    "ended_all",
    "ended_by_operator",
    "everyone_ended",
    "revoked",
    "displaced",
    "not_admitted",
    "banned",
    "unbanned",
    "roles_changed",
    "password_changed",
    "identity_linked",
    "identity_removed",
    "account_deleted",
    "token_denied",
    "denial_lifted",
    "account_created",
    "invitation_created",
    "password_link_created",
    "key_rotated",
    "exported",
    "audit_exported",
    "request_refused",
    "sign_up_refused",
    "password_change_refused",
    "refusals_omitted",
    "started",
];

/// The page.
pub(crate) fn view() -> AnyView {
    let host = Host::expect();
    let query = CurrentQuery::expect();
    let audit = Remote::<AuditList>::new(move || query.with(|query| query.url("/api/admin/audit")));
    let commands = Commands::new(|| {});
    let current = query.get_untracked();
    let time = |name: &str| from_seconds(&current.get(name));
    let user = Field::new("user", "User ID", current.get("user"));
    let kind = Field::new("kind", "Kind", current.get("kind"));
    let outcome = Field::new("outcome", "Outcome", current.get("outcome"));
    let after = Field::new("after", "After", time("after"));
    let until = Field::new("until", "Until", time("until"));
    let labels = KINDS.map(|kind| (kind, words(kind)));
    let kinds = labels.iter().map(|(kind, label)| (*kind, label.as_str()));
    let apply = move || {
        let seconds = |field: Field| to_seconds(&field.get()).map(|it| it.to_string());
        let filtered = Query::default()
            .with("user", &user.get())
            .with("kind", &kind.get())
            .with("outcome", &outcome.get())
            .with("after", &seconds(after).unwrap_or_default())
            .with("until", &seconds(until).unwrap_or_default());
        host.navigate(&filtered.url(&Route::Audit.path()));
    };
    client_only((
        heading(
            "Audit log",
            "What users, clients and operators did, the latest first.",
        ),
        filter_form(
            "Filter events",
            vec![
                user.input("search", ""),
                kind.select(once(("", "Any")).chain(kinds)),
                outcome.select([
                    ("", "Any"),
                    ("success", "Success"),
                    ("refused", "Refused"),
                    ("failed", "Failed"),
                ]),
                after.input("datetime-local", ""),
                until.input("datetime-local", ""),
            ],
            apply,
        ),
        commands.status_line(),
        export_button(commands, query),
        audit.view("Loading events", move |list| {
            let query = query.get_untracked();
            client_only((
                events_table(&list.events, true),
                pager(&Route::Audit.path(), &query, list.next.as_deref()),
            ))
        }),
    ))
}

fn export_button(commands: Commands, query: Memo<Query>) -> AnyView {
    let host = Host::expect();
    let action = ConfirmAction {
        key: "export".to_owned(),
        label: "Export as JSON lines",
        name: String::new(),
        question: "Export all events that match?",
        busy: "Exporting…",
    };
    commands.button(action, move || {
        let query = query.get_untracked().with("before", "");
        let path = query.url("/api/admin/audit/export");
        command(async move {
            let lines = api::text(host, &path).await?;
            download::save("audit.jsonl", &lines);
            Ok("The events were exported to audit.jsonl.".to_owned())
        })
    })
}

/// The events, with or without the user of each event.
pub(crate) fn events_table(events: &[AuditEvent], with_user: bool) -> AnyView {
    let columns = ["When", "Event", "Outcome", "User", "From", "Details"];
    let columns: Vec<_> = columns
        .into_iter()
        .filter(|column| with_user || *column != "User")
        .collect();
    let rows = events.iter().map(|event| {
        let mut cells = vec![
            when(event.at),
            event_cell(&event.kind),
            outcome_badge(event.outcome),
        ];
        if with_user {
            cells.push(match &event.user {
                Some(user) => user_link(user, user.clone()),
                None => cell("Unknown"),
            });
        }
        cells.extend([from(event), details(event)]);
        cells
    });
    table("Events", &columns, rows.collect())
}

/// The kind with the icon that users see on their activity page.
fn event_cell(name: &str) -> AnyView {
    let kind = serde_json::from_value::<ActivityKind>(name.into());
    let icon = kind.map(|kind| Icon::of_event(kind).view()).ok();
    client_only(
        span()
            .class("p-console-with-icon")
            .child((icon, words(name))),
    )
}

fn outcome_badge(outcome: AuditOutcome) -> AnyView {
    match outcome {
        AuditOutcome::Success => badge("Success", "good"),
        AuditOutcome::Refused => badge("Refused", "waiting"),
        AuditOutcome::Failed => badge("Failed", "bad"),
    }
}

fn from(event: &AuditEvent) -> AnyView {
    let device = device(event.browser.as_deref(), event.system.as_deref());
    let address = event.address.clone().unwrap_or_default();
    client_only(div().child((span().child(address), p().class("c-hint").child(device))))
}

fn details(event: &AuditEvent) -> AnyView {
    let facts = [
        ("By", &event.actor),
        ("Detail", &event.detail),
        ("Provider", &event.provider),
        ("Session", &event.session_id),
        ("Request", &event.request_id),
    ];
    let facts = facts.into_iter().filter_map(|(name, value)| {
        let value = value.clone()?;
        Some(
            p().class("c-hint")
                .child((format!("{name}: "), code().child(value))),
        )
    });
    client_only(div().child(facts.collect_view()))
}
