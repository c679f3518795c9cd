//! What the audit log says about local accounts and one-time links.

use latchkey_core::{Actor, Requester};

use super::fixtures::{NOW, device};
use super::local_accounts::{END, hash, invitation, is_set, local, reset, set};
use crate::request::{AuditQuery, CreateOutcome, NewLocalUser, PasswordAuthority};
use crate::store::Store;

/// Audit records show who created an account or a link, or set a password, and with which link.
pub(super) async fn audit_records(store: &dyn Store) {
    let by_operator = Requester {
        actor: Some(Actor::CommandLine),
        device: device("192.0.2.7"),
    };
    let by_user = Requester {
        actor: None,
        device: device("192.0.2.8"),
    };
    let add =
        |number, link, by: &Requester| store.add_one_time_link(hash(number), link, by.clone(), NOW);
    assert_eq!(add(1, invitation(), &by_operator).await, Ok(true));
    let mut invited = local(1, "ada");
    invited.invitation = Some(hash(1));
    invited.requester = by_user.clone();
    let mut created = local(2, "bob");
    created.user.roles = vec!["admin".to_owned()];
    created.link = Some((hash(2), END));
    created.requester = by_operator.clone();
    let refused = NewLocalUser {
        invitation: Some(hash(9)),
        ..local(3, "eve")
    };
    for (new, outcome) in [
        (invited, CreateOutcome::Created),
        (created, CreateOutcome::Created),
        (refused, CreateOutcome::LinkInvalid),
    ] {
        assert_eq!(store.create_local_user(new).await, Ok(outcome));
    }
    assert_eq!(add(3, reset("ada"), &by_user).await, Ok(true));
    assert_eq!(add(4, reset("bob"), &by_operator).await, Ok(true));
    assert_eq!(add(5, reset("eve"), &by_operator).await, Ok(false));
    let by_link = set("ada", PasswordAuthority::Link(hash(3)), "second");
    assert!(is_set(store, by_link).await);
    let change = set("ada", PasswordAuthority::Current("second".into()), "third");
    assert!(is_set(store, change).await);

    let query = AuditQuery {
        limit: 100,
        ..AuditQuery::default()
    };
    let page = store.audit_records(query).await.expect("read");
    let records = page.records.iter().map(|(_, it)| {
        let user = it.user.map(|user| user.as_bytes()[0]);
        let address = it.device.address.as_deref().expect("an address");
        let detail = it.detail.as_deref().expect("a detail");
        (it.kind.to_string(), user, it.actor, address, detail)
    });
    let mut records: Vec<_> = records.collect();
    let id = |number| hash(number).id();
    let of_bob = format!("roles [admin], link {}", id(2));
    let [created, invited, own, sent] = [
        format!("invitation {}", id(1)),
        format!("invitation {}", id(1)),
        format!("link {}", id(3)),
        format!("link {}", id(4)),
    ];
    let operator = by_operator.actor;
    let expected = [
        ("account_created", Some(1), None, "192.0.2.8", &*created),
        ("account_created", Some(2), operator, "192.0.2.7", &of_bob),
        ("invitation_created", None, operator, "192.0.2.7", &invited),
        ("password_changed", Some(1), None, "192.0.2.1", &own),
        (
            "password_changed",
            Some(1),
            None,
            "192.0.2.1",
            "with the current password",
        ),
        ("password_link_created", Some(1), None, "192.0.2.8", &own),
        (
            "password_link_created",
            Some(2),
            operator,
            "192.0.2.7",
            &sent,
        ),
    ];
    let mut expected = expected.map(|(kind, user, actor, address, detail)| {
        (kind.to_owned(), user, actor, address, detail)
    });
    let by_detail = |(kind, user, _, _, detail): &(String, Option<u8>, _, _, &str)| {
        (kind.clone(), *user, (*detail).to_owned())
    };
    records.sort_by_key(by_detail);
    expected.sort_by_key(by_detail);
    assert_eq!(records, expected);
}
