//! The pages and what surrounds them all.

use leptos::html::{a, div, footer, main as main_element, p};
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::hooks::use_location;
use leptos_router::{ParamSegment, StaticSegment};

use crate::components::alert::alert;
use crate::components::header::header;
use crate::page_data::PageData;
use crate::pages::account::account;
use crate::pages::activity::activity;
use crate::pages::callback::callback;
use crate::pages::not_found::not_found;
use crate::pages::playground::playground;
use crate::pages::sessions::sessions;
use crate::pages::sign_in::sign_in;
use crate::session::Session;

/// The whole application.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(PageData::current());
    Session::provide();
    view! {
        <Title formatter=|title: String| format!("{title} · Latchkey") />
        <Router>
            {layout()}
        </Router>
    }
}

fn layout() -> impl IntoView {
    focus_after_navigation();
    let routes = view! {
        <Routes fallback=not_found>
            <Route path=StaticSegment("") view=sign_in />
            <Route path=StaticSegment("callback") view=callback />
            <Route
                path=(StaticSegment("callback"), ParamSegment("provider"))
                view=callback
            />
            <Route path=StaticSegment("account") view=account />
            <Route path=StaticSegment("sessions") view=sessions />
            <Route path=StaticSegment("activity") view=activity />
            <Route path=StaticSegment("playground") view=playground />
        </Routes>
    };
    let demo =
        PageData::current().demo.then(|| {
            footer().class("page-footer").child(p().child(
                "Demo server: anyone who reaches it can sign in as anybody. Keep nothing here.",
            ))
        });
    (
        a().class("skip-link")
            .href("#main")
            .child("Skip to content"),
        header(),
        main_element()
            .id("main")
            .tabindex("-1")
            .child((alert(), div().class("page").child(routes))),
        demo,
    )
}

/// A page that came without a reload is announced and read from its beginning.
fn focus_after_navigation() {
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let now = path.get();
        if before.is_some_and(|before| before != now)
            && let Some(main) = document().get_element_by_id("main")
        {
            use wasm_bindgen::JsCast as _;
            let _ = main.unchecked_into::<web_sys::HtmlElement>().focus();
        }
        now
    });
}
