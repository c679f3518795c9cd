//! The application: its routes and the layout around every page.

use leptos::html::{a, div, footer, main as main_element, p};
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::hooks::use_location;
use leptos_router::{ParamSegment, StaticSegment, WildcardSegment};

use crate::auth_client::AuthClient;
use crate::components::alert::SessionAlert;
use crate::components::header::PageHeader;
use crate::page_data::PageData;
use crate::pages::account::AccountPage;
use crate::pages::activity::ActivityPage;
use crate::pages::admin::AdminPage;
use crate::pages::callback::CallbackPage;
use crate::pages::confirm::ConfirmPage;
use crate::pages::not_found::NotFoundPage;
use crate::pages::playground::PlaygroundPage;
use crate::pages::reset_password::ResetPasswordPage;
use crate::pages::sessions::SessionsPage;
use crate::pages::sign_in::SignInPage;
use crate::pages::sign_up::SignUpPage;
use crate::session::Session;

/// The application.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(PageData::current());
    Session::provide(AuthClient::provide());
    view! {
        <Title formatter=|title: String| format!("{title} · Latchkey") />
        <Router>
            <Layout />
        </Router>
    }
}

/// The header, the session alert and the footer around every page.
#[component]
fn Layout() -> impl IntoView {
    focus_after_navigation();
    // One route, so that the console stays mounted while the user moves between its pages.
    let admin_path = (StaticSegment("admin"), WildcardSegment("page"));
    let routes = view! {
        <Routes fallback=NotFoundPage>
            <Route path=StaticSegment("") view=SignInPage />
            <Route path=StaticSegment("callback") view=CallbackPage />
            <Route
                path=(StaticSegment("callback"), ParamSegment("provider"))
                view=CallbackPage
            />
            <Route path=StaticSegment("sign-up") view=SignUpPage />
            <Route path=StaticSegment("reset-password") view=ResetPasswordPage />
            <Route path=StaticSegment("confirm") view=ConfirmPage />
            <Route path=StaticSegment("account") view=AccountPage />
            <Route path=StaticSegment("sessions") view=SessionsPage />
            <Route path=StaticSegment("activity") view=ActivityPage />
            <Route path=StaticSegment("playground") view=PlaygroundPage />
            <Route path=admin_path view=AdminPage />
        </Routes>
    };
    let demo = PageData::current().demo.then(|| {
        footer().class("c-footer").child(p().child(
            "Demo server: anyone who can reach it can sign in as any user. Do not store real data here.",
        ))
    });
    (
        a().class("c-skip-link")
            .href("#main")
            .child("Skip to content"),
        view! { <PageHeader /> },
        main_element()
            .id("main")
            .tabindex("-1")
            .child((view! { <SessionAlert /> }, div().child(routes))),
        demo,
    )
}

/// Moves the focus to the new page, so that screen readers start reading at its beginning.
fn focus_after_navigation() {
    let path = use_location().pathname;
    Effect::new(move |previous: Option<String>| {
        let current = path.get();
        if previous.is_some_and(|previous| previous != current)
            && let Some(main) = document().get_element_by_id("main")
        {
            use wasm_bindgen::JsCast as _;
            let _ = main.unchecked_into::<web_sys::HtmlElement>().focus();
        }
        current
    });
}
