//! `/playground`: controls that call the API, and a view of what the client does.

use latchkey_client::SessionState;
use leptos::html::{a, div, h1, p};
use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::countdown::use_now;
use crate::components::skeleton::skeleton;
use crate::components::timeline_view::TimelineView;
use crate::components::token_view::{TokenFacts, TokenView};
use crate::erased::erased;
use crate::session::Session;

mod controls;

use controls::Controls;

/// The controls, the timeline and both tokens.
#[component]
pub(crate) fn PlaygroundPage() -> impl IntoView {
    let session = Session::expect();
    let now = use_now();
    let absent = Callback::new(move |()| absent(session.state.get()));
    let access = Memo::new(move |_| {
        let tokens = session.tokens.get()?;
        Some(TokenFacts {
            token: tokens.access_token,
            expires_at: tokens.access_expires_at,
            lifetime: tokens.access_lifetime,
        })
    });
    let refresh = Memo::new(move |_| {
        let tokens = session.tokens.get()?;
        Some(TokenFacts {
            token: tokens.refresh_token,
            expires_at: tokens.refresh_expires_at,
            lifetime: 0,
        })
    });
    erased((
        view! { <Title text="Playground" /> },
        h1().child("Playground"),
        p().class("c-lead").child(
            "Call the API and watch the client keep you signed in. When requests are refused with \
             401, the client refreshes the tokens once and retries each request once.",
        ),
        div().class("p-playground").child((
            div()
                .class("p-playground-column")
                .child((view! { <Controls /> }, view! { <TimelineView /> })),
            div().class("p-playground-column").child((
                view! { <TokenView id="access-token" title="Access token" now facts=access absent /> },
                view! { <TokenView id="refresh-token" title="Refresh token" now facts=refresh absent /> },
            )),
        )),
    ))
}

fn absent(state: SessionState) -> AnyView {
    if state == SessionState::SignedOut {
        erased(p().class("c-hint").child((
            "There is no token because you are signed out. ",
            a().href("/?return_to=/playground").child("Sign in"),
        )))
    } else {
        erased(
            div()
                .class("u-if-starting")
                .child(skeleton("Loading the token", 5)),
        )
    }
}
