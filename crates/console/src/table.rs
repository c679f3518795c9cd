//! Tables, and the links between the pages of a list.

use latchkey_web::erased::{client_only, empty};
use leptos::html::{a, nav, p, section, table as table_element, tbody, td, th, thead, tr};
use leptos::prelude::*;

use crate::query::Query;

/// A table. On a narrow screen each row becomes a card, in which every cell has the heading of its column
/// (`data-label`). The roles are explicit, because some browsers derive them from the layout.
pub(crate) fn table(label: &str, columns: &[&'static str], rows: Vec<Vec<AnyView>>) -> AnyView {
    if rows.is_empty() {
        return client_only(
            section().class("c-card").child(
                p().class("c-hint")
                    .child("There are no entries on this page."),
            ),
        );
    }
    let columns: Vec<&'static str> = columns.to_vec();
    let heading = |text: &&'static str| th().role("columnheader").scope("col").child(*text);
    let headings: Vec<_> = columns.iter().map(heading).collect();
    let row = |cells: Vec<AnyView>| {
        let cells = cells
            .into_iter()
            .zip(&columns)
            .map(|(cell, column)| td().role("cell").attr("data-label", *column).child(cell));
        client_only(tr().role("row").child(cells.collect_view()))
    };
    let rows: Vec<_> = rows.into_iter().map(row).collect();
    client_only(
        table_element()
            .role("table")
            .class("c-card p-console-table")
            .aria_label(label.to_owned())
            .child((
                thead()
                    .role("rowgroup")
                    .child(tr().role("row").child(headings)),
                tbody().role("rowgroup").child(rows),
            )),
    )
}

/// A cell with text only.
pub(crate) fn cell(text: impl Into<String>) -> AnyView {
    client_only(text.into())
}

/// Links to the first and the next page of a list, if there are such pages.
pub(crate) fn pager(path: &str, query: &Query, next: Option<&str>) -> AnyView {
    let first = (!query.get("before").is_empty()).then(|| {
        a().class("c-button")
            .href(query.clone().with("before", "").url(path))
            .child("First page")
    });
    let next = next.map(|next| {
        a().class("c-button")
            .href(query.clone().with("before", next).url(path))
            .child("Next page")
    });
    if first.is_none() && next.is_none() {
        return empty();
    }
    client_only(
        nav()
            .class("c-button-row p-console-pager")
            .aria_label("Pages of the list")
            .child((first, next)),
    )
}
