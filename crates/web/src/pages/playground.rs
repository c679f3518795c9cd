//! `/playground`: the tutorial's buttons, and what the client does behind them.

use latchkey_client::SessionState;
use leptos::html::{a, div, h1, p};
use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::countdown::ticking;
use crate::components::skeleton::skeleton;
use crate::components::timeline_view::timeline_view;
use crate::components::token_view::{TokenFacts, token_view};
use crate::piece::piece;
use crate::session::Session;

mod controls;

/// Controls, timeline and both tokens.
pub(crate) fn playground() -> AnyView {
    let session = Session::expect();
    let now = ticking();
    let absent = move || absent(session.state.get());
    let access = move || {
        let tokens = session.tokens.get()?;
        Some(TokenFacts {
            token: tokens.access_token,
            end: tokens.access_expires_at,
            life: tokens.access_life,
        })
    };
    let refresh = move || {
        let tokens = session.tokens.get()?;
        Some(TokenFacts {
            token: tokens.refresh_token,
            end: tokens.refresh_expires_at,
            life: 0,
        })
    };
    piece((
        view! { <Title text="Playground" /> },
        h1().child("Playground"),
        p().class("lead").child(
            "Call the API and watch the client keep you signed in: a request that is refused \
             with 401 leads to one refresh and one retry, however many requests wait for it.",
        ),
        div().class("playground").child((
            div()
                .class("playground-main")
                .child((controls::controls(session), timeline_view(session))),
            div().class("playground-side").child((
                token_view("access-token", "Access token", now, access, absent),
                token_view("refresh-token", "Refresh token", now, refresh, absent),
            )),
        )),
    ))
}

fn absent(state: SessionState) -> AnyView {
    if state == SessionState::SignedOut {
        piece(p().class("hint").child((
            "No token: you are signed out. ",
            a().href("/?return_to=/playground").child("Sign in"),
        )))
    } else {
        piece(
            div()
                .class("if-starting")
                .child(skeleton("Loading the token", 5)),
        )
    }
}
