//! The navigation of the console, the request for a new sign-in, and the current page.

use latchkey_web::erased::{client_only, dynamic, dynamic_text, empty};
use leptos::ev;
use leptos::html::{a, button, div, li, nav, p, section, ul};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::draft;
use crate::host::Host;
use crate::page::{CurrentQuery, heading};
use crate::pages::{audit, denylist, keys, overview, sessions, user, users};
use crate::query::Query;
use crate::route::Route;
use crate::text::provide_now;

/// The console at a URL.
pub(crate) fn view(url: RwSignal<String>) -> AnyView {
    let host = Host::expect();
    provide_now();
    let route = Memo::new(move |_| url.with(|url| Route::of(url)));
    provide_context(CurrentQuery(Memo::new(move |_| {
        url.with(|url| Query::of(url))
    })));
    client_only((
        navigation(route),
        dynamic(move || step_up_card(host)),
        dynamic(move || {
            let route = route.get();
            draft::begin_page();
            untrack(|| page(route))
        }),
    ))
}

fn navigation(route: Memo<Route>) -> AnyView {
    let entry = |(page, label): (Route, &'static str)| {
        let path = page.path();
        let current = move || route.with(|route| route.is_in(&page)).then_some("page");
        li().child(a().href(path).aria_current(current).child(label))
    };
    let entries = Route::NAVIGATION.map(entry);
    client_only(
        nav()
            .class("p-console-nav")
            .aria_label("Administration")
            .child(ul().child(entries.into_iter().collect_view())),
    )
}

fn page(route: Route) -> AnyView {
    match route {
        Route::Overview => overview::view(),
        Route::Users => users::view(),
        Route::User(id) => user::view(&id),
        Route::Sessions => sessions::view(),
        Route::Denylist => denylist::view(),
        Route::Audit => audit::view(),
        Route::Keys => keys::view(),
        Route::NotFound => not_found(),
    }
}

fn not_found() -> AnyView {
    client_only((
        heading("Page not found", ""),
        p().class("c-lead").child((
            "The administration console has no such page. ",
            a().href(Route::Overview.path()).child("Go to the overview"),
            ".",
        )),
    ))
}

/// Asks the user to sign in again, if a request failed because the last sign-in was too long ago.
fn step_up_card(host: Host) -> AnyView {
    if !host.needs_step_up.get() {
        return empty();
    }
    let problem = RwSignal::new(String::new());
    let sign_in = move |_| {
        spawn_local(async move {
            if !host.step_up().await {
                problem.try_set(
                    "The sign-in could not be started. Sign out, sign in again and open this page."
                        .to_owned(),
                );
            }
        });
    };
    client_only(
        section()
            .class("c-alert c-alert-waiting p-console-step-up")
            .role("alert")
            .child((
                div().child((
                    p().child(
                        "Administration requires a recent sign-in. Sign in again to continue. What \
                         you typed is kept, except for a token or ID to deny.",
                    ),
                    p().child(dynamic_text(move || problem.get())),
                )),
                button()
                    .r#type("button")
                    .class("c-button")
                    .on(ev::click, sign_in)
                    .child("Sign in again"),
            )),
    )
}
