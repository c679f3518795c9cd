//! The forms that create a local account and an invitation, if the server has local accounts.

use latchkey_types::admin::{AdminLink, InvitationRequest, NewUserRequest, UserCreated};
use latchkey_types::{ProviderList, SignUp};
use latchkey_web::components::confirm::ConfirmAction;
use latchkey_web::erased::{client_only, dynamic, empty};
use leptos::prelude::*;

use crate::api;
use crate::field::Field;
use crate::form::{Commands, command};
use crate::host::Host;
use crate::link::NewLink;
use crate::page::part;
use crate::remote::Remote;
use crate::text::role_names;

/// The forms.
pub(super) fn view(commands: Commands, link: NewLink) -> AnyView {
    let providers = Remote::<ProviderList>::new(|| "/auth/providers".to_owned());
    let sign_up = Memo::new(move |_| Some(providers.get()?.password?.sign_up));
    // Created outside the closure below, so that a new response does not discard typed text.
    let account = [
        Field::new("username", "Username", String::new()),
        Field::new("email", "Email address (optional)", String::new()),
        Field::new("name", "Name (optional)", String::new()),
        Field::new("roles", "Roles (optional)", String::new()),
    ];
    let invited = Field::new(
        "invited",
        "Email address of the person (optional)",
        String::new(),
    );
    client_only(dynamic(move || match sign_up.get() {
        None => empty(),
        Some(SignUp::Off) => create_part(commands, link, account),
        Some(SignUp::Invite | SignUp::Open) => client_only((
            create_part(commands, link, account),
            invite_part(commands, link, invited),
        )),
    }))
}

fn create_part(commands: Commands, link: NewLink, fields: [Field; 4]) -> AnyView {
    let host = Host::expect();
    let [username, email, name, roles] = fields;
    let action = ConfirmAction {
        key: "create".to_owned(),
        label: "Create account",
        name: "Create a local account".to_owned(),
        question: "Create this account?",
        busy: "Creating…",
    };
    let inputs = vec![
        username.input("text", "Letters from a to z, digits, and . _ - + @"),
        email.input(
            "email",
            "The link to set a password is sent here if this server sends mail.",
        ),
        name.input("text", ""),
        roles.input("text", "Separated by commas."),
    ];
    let form = commands.form(action, &fields, inputs, move || {
        if !username.check(!username.get().is_empty(), "Enter a username.") {
            return None;
        }
        let optional = |field: Field| Some(field.get()).filter(|text| !text.is_empty());
        let request = NewUserRequest {
            username: username.get(),
            email: optional(email),
            name: optional(name),
            roles: role_names(&roles.get()),
        };
        Some(command(async move {
            let created: UserCreated = api::create(host, "/api/admin/users", &request).await?;
            for field in fields {
                field.value.try_set(String::new());
            }
            let username = created.user.username.unwrap_or_default();
            let delivery = link.show(created.link);
            Ok(format!("The account {username} was created. {delivery}"))
        }))
    });
    part("create-heading", "Create a local account", form)
}

fn invite_part(commands: Commands, link: NewLink, email: Field) -> AnyView {
    let host = Host::expect();
    let action = ConfirmAction {
        key: "invite".to_owned(),
        label: "Create invitation",
        name: "Invite a person".to_owned(),
        question: "Create an invitation?",
        busy: "Creating…",
    };
    let inputs = vec![email.input(
        "email",
        "The invitation is sent here if this server sends mail. Anyone who has the link can use it.",
    )];
    let form = commands.form(action, &[email], inputs, move || {
        let to = email.get();
        let is_valid = to.is_empty() || to.contains('@');
        if !email.check(
            is_valid,
            "Enter a complete address, such as ada@example.com.",
        ) {
            return None;
        }
        let request = InvitationRequest {
            email: Some(to).filter(|to| !to.is_empty()),
        };
        Some(command(async move {
            let invited: AdminLink = api::create(host, "/api/admin/invitations", &request).await?;
            email.value.try_set(String::new());
            let delivery = link.show(invited);
            Ok(format!("The invitation was created. {delivery}"))
        }))
    });
    part("invite-heading", "Invite a person", form)
}
