//! `/account`: the account and the session of the signed-in user, the ways to sign in, and the
//! user's data.

mod action;
mod data;
mod ways;

use latchkey_client::sign_in::LOCAL;
use latchkey_types::Me;
use leptos::html::{a, code, dd, div, dl, dt, h1, h2, p, section, span};
use leptos::prelude::*;
use leptos_meta::Title;

use self::action::AccountActions;
use self::data::YourData;
use self::ways::WaysToSignIn;
use super::require_session;
use crate::auth_client::AuthClient;
use crate::components::async_view::AsyncView;
use crate::components::password_change::password_change;
use crate::erased::{client_only, dynamic, dynamic_text, empty, erased};
use crate::fetched::Fetch;
use crate::session::Session;
use crate::time;

/// The account of the signed-in user.
#[component]
pub(crate) fn AccountPage() -> impl IntoView {
    let session = Session::expect();
    require_session(session, "/account");
    let me = Fetch::refetch_on_reconnect(session, AuthClient::expect(), |client| async move {
        client.me().await
    });
    let actions = AccountActions::provide(session);
    // The password form is outside the list of ways to sign in, because fetching the list again
    // would clear what was typed.
    let has_password = Memo::new(move |_| {
        // During rendering on the server nobody is signed in, and `identities` must not be read
        // there: only the browser fetches them.
        if !session.is_signed_in() {
            return false;
        }
        let identities = actions.identities.get().and_then(Result::ok);
        identities.is_some_and(|list| list.iter().any(|it| it.issuer == LOCAL))
    });
    let fetched = Callback::new(move |()| Some(me.get()?.map(|me| facts(session, &me))));
    let retry = Callback::new(move |()| me.retry());
    erased((
        view! { <Title text="Your account" /> },
        h1().child("Your account"),
        actions.status_line(),
        view! { <AsyncView fetched waiting="Loading your account" lines=4 retry /> },
        view! { <WaysToSignIn actions /> },
        dynamic(move || {
            if has_password.get() {
                password_change()
            } else {
                empty()
            }
        }),
        view! { <YourData actions /> },
    ))
}

fn facts(session: Session, me: &Me) -> AnyView {
    let shown_name = me.name.as_ref().or(me.email.as_ref()).unwrap_or(&me.sub);
    let initial: String = shown_name
        .chars()
        .take(1)
        .flat_map(char::to_uppercase)
        .collect();
    let name = me.name.clone().unwrap_or_else(|| "No name".to_owned());
    let email = address(me);
    let roles = if me.roles.is_empty() {
        "None".to_owned()
    } else {
        me.roles.join(", ")
    };
    let authenticated = match me.auth_time {
        Some(at) => time::date_time(at),
        None => "Not reported by the provider".to_owned(),
    };
    let expires = move || {
        let tokens = session.tokens.get();
        tokens.map_or_else(String::new, |tokens| {
            time::date_time(tokens.refresh_expires_at / 1000)
        })
    };
    client_only(
        div().class("p-account").child((
            section().class("c-card p-account-profile").aria_label("Profile").child((
                span().class("p-account-monogram").aria_hidden("true").child(initial),
                div().child((
                    p().class("p-account-name").child(name),
                    p().class("p-account-email").child(email),
                )),
            )),
            section()
                .class("c-card")
                .aria_labelledby("session-heading")
                .child((
                h2().id("session-heading").child("This session"),
                dl().class("c-facts").child((
                    fact("Last authenticated", authenticated),
                    fact("Expires", dynamic_text(expires)),
                    fact("Access token issued", time::date_time(me.issued_at)),
                    fact("Roles", roles),
                    fact("Session ID", code().child(me.session_id.clone())),
                    fact("Account ID", code().child(me.sub.clone())),
                )),
                p().class("c-hint").child((
                    "Access is renewed automatically until the session expires. Signing out ends the \
                     session immediately. To see where else you are signed in, open ",
                    a().href("/sessions").child("your devices"),
                    ".",
                )),
            )),
        )),
    )
}

/// The email address, marked if it is not verified, because it may then belong to someone else.
fn address(me: &Me) -> String {
    match &me.email {
        Some(email) if me.email_verified == Some(true) => email.clone(),
        Some(email) => format!("{email} (not verified)"),
        None => "No email address".to_owned(),
    }
}

fn fact(name: &'static str, value: impl IntoView + 'static) -> AnyView {
    client_only(div().child((dt().child(name), dd().child(client_only(value)))))
}

#[cfg(test)]
mod tests {
    use latchkey_types::Me;

    use super::address;

    #[test]
    fn unverified_address_is_marked() {
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
        assert_eq!(address(&me(None, None)), "No email address");
    }
}
