//! `/account`: who is signed in, and since when.

use latchkey_types::Me;
use leptos::html::{a, code, dd, div, dl, dt, h1, h2, p, section, span};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;

use super::{ask_when_it_is_worth_it, leave_when_signed_out};
use crate::components::answered::{Answer, answered};
use crate::piece::{late, piece, words};
use crate::session::{Session, client};
use crate::time;

/// The account, for those who are signed in; the way there, for others.
pub(crate) fn account() -> AnyView {
    let session = Session::expect();
    let answer: Answer<Me> = RwSignal::new(None);
    leave_when_signed_out(session, "/account");
    ask_when_it_is_worth_it(session, move || ask(answer));

    piece((
        view! { <Title text="Your account" /> },
        h1().child("Your account"),
        answered(
            session,
            answer,
            ("Loading your account", 4),
            move || ask(answer),
            move |me| facts(session, me),
        ),
    ))
}

fn ask(answer: Answer<Me>) {
    spawn_local(async move {
        let me = client().me().await;
        // A page that was left has no use for it.
        let _ = answer.try_set(Some(me));
    });
}

fn facts(session: Session, me: &Me) -> AnyView {
    let called = me.name.as_ref().or(me.email.as_ref()).unwrap_or(&me.sub);
    let initial: String = called
        .chars()
        .take(1)
        .flat_map(char::to_uppercase)
        .collect();
    let name = me
        .name
        .clone()
        .unwrap_or_else(|| "No name given".to_owned());
    let email = address(me);
    let roles = if me.roles.is_empty() {
        "None".to_owned()
    } else {
        me.roles.join(", ")
    };
    let signed_in = match me.auth_time {
        Some(at) => time::moment(at),
        None => "The provider does not say when".to_owned(),
    };
    let until = move || {
        let tokens = session.tokens.get();
        tokens.map_or_else(String::new, |tokens| {
            time::moment(tokens.refresh_expires_at / 1000)
        })
    };
    late(
        div().class("account").child((
            section().class("card person").aria_label("Profile").child((
                span().class("monogram").aria_hidden("true").child(initial),
                div().child((
                    p().class("person-name").child(name),
                    p().class("person-email").child(email),
                )),
            )),
            section()
                .class("card")
                .aria_labelledby("session-heading")
                .child((
                h2().id("session-heading").child("This session"),
                dl().class("facts").child((
                    fact("Signed in", signed_in),
                    fact("Ends at the latest", words(until)),
                    fact("Access renewed", time::moment(me.issued_at)),
                    fact("Roles", roles),
                    fact("Session", code().child(me.session_id.clone())),
                    fact("Account", code().child(me.sub.clone())),
                )),
                p().class("hint").child((
                    "Access is renewed by itself while you use this site. Signing out ends this \
                     session at once, everywhere it is checked. Where else you are signed in: ",
                    a().href("/sessions").child("your devices"),
                    ".",
                )),
            )),
        )),
    )
}

/// An address is shown as what it is: one that was not verified may be anybody's.
fn address(me: &Me) -> String {
    match &me.email {
        Some(email) if me.email_verified == Some(true) => email.clone(),
        Some(email) => format!("{email} (not verified)"),
        None => "No email given".to_owned(),
    }
}

fn fact(name: &'static str, value: impl IntoView + 'static) -> AnyView {
    late(div().child((dt().child(name), dd().child(late(value)))))
}

#[cfg(test)]
mod tests {
    use latchkey_types::Me;

    use super::address;

    #[test]
    fn an_address_that_was_not_verified_is_shown_as_that() {
        let me = |email: Option<&str>, email_verified| Me {
            sub: "1".into(),
            email: email.map(str::to_owned),
            email_verified,
            name: None,
            roles: Vec::new(),
            session_id: "2".into(),
            auth_time: None,
            issued_at: 0,
            expires_at: 0,
        };
        let ada = Some("ada@example.com");
        assert_eq!(address(&me(ada, Some(true))), "ada@example.com");
        for unverified in [None, Some(false)] {
            let shown = address(&me(ada, unverified));
            assert_eq!(shown, "ada@example.com (not verified)");
        }
        assert_eq!(address(&me(None, None)), "No email given");
    }
}
