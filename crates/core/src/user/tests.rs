use super::{Identity, MAX_IDENTITIES, Profile, TooManyIdentities, UnlinkError, User};
use crate::clock::Timestamp;
use crate::id::UserId;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const LATER: Timestamp = Timestamp::from_secs(1_800_000_001);

fn profile(subject: &str) -> Profile {
    Profile {
        identity: Identity {
            issuer: "https://issuer.example".into(),
            subject: subject.into(),
        },
        email: Some(format!("{subject}@example.com")),
        email_verified: true,
        name: None,
        hosted_domain: None,
    }
}

fn ada() -> User {
    User::create(UserId::from_bytes([1; 16]), profile("ada"), NOW)
}

#[test]
fn session_sees_the_claims_of_the_identity_that_opened_it() {
    let mut user = ada();
    assert_eq!(user.link(profile("work"), LATER), Ok(1));
    let seen = user.signed_in_with(1).expect("linked");
    assert_eq!(seen.email.as_deref(), Some("work@example.com"));
    assert_eq!(seen.identities[0].identity, user.identity);
    assert_eq!(seen.signed_in_with(0), Some(user.clone()), "a round trip");
    assert_eq!(user.signed_in_with(2), None);
    // A sign-in updates the claims of its own identity only.
    let mut changed = profile("work");
    changed.email_verified = false;
    let user = user.updated(changed);
    assert!(user.email_verified);
    assert!(!user.signed_in_with(1).expect("linked").email_verified);
    assert_eq!(user.clone().updated(profile("eve")), user);
}

#[test]
fn last_identity_stays_and_numbers_are_not_reused() {
    let mut user = ada();
    assert_eq!(user.unlink(0, NOW), Err(UnlinkError::Last));
    assert_eq!(user.link(profile("work"), LATER), Ok(1));
    assert_eq!(user.unlink(7, NOW), Err(UnlinkError::Unknown));
    let removed = user.unlink(0, NOW).expect("removed");
    assert_eq!(removed.identity.subject, "ada");
    assert_eq!(
        (user.identity_number, user.identity_since),
        (1, Some(LATER))
    );
    assert!(!user.has_identity(0) && user.has_identity(1));
    assert_eq!(user.unlink(1, NOW), Err(UnlinkError::Last));
    assert_eq!(user.link(profile("ada"), LATER), Ok(2));
    assert_eq!(user.unlink(2, NOW).map(|it| it.number), Ok(2));
    assert_eq!(user.link(profile("ada"), LATER), Ok(3));
}

#[test]
fn number_of_identities_is_limited() {
    let mut user = ada();
    for number in 1..MAX_IDENTITIES {
        let linked = user.link(profile(&number.to_string()), NOW);
        assert_eq!(linked.map(usize::try_from), Ok(Ok(number)));
    }
    assert_eq!(user.link(profile("more"), NOW), Err(TooManyIdentities));
    assert_eq!(user.link(profile("1"), NOW), Ok(1), "linked before");
    assert_eq!(user.all_identities().len(), MAX_IDENTITIES);
}

#[test]
fn record_of_an_earlier_version_is_unchanged() {
    let text = r#"{"id":"AQEBAQEBAQEBAQEBAQEBAQ","identity":{"issuer":"i","subject":"s"},"email":null,"email_verified":false,"name":null,"created_at":1800000000000}"#;
    let user: User = serde_json::from_str(text).expect("a user");
    assert_eq!(serde_json::to_string(&user).ok().as_deref(), Some(text));
    assert_eq!(user.all_identities()[0].linked_at, NOW);
}

#[test]
fn suspended_identity_stays_until_it_is_added_again_or_removed() {
    let id = UserId::from_bytes([1; 16]);
    let username = "ada".parse().expect("a username");
    let mut user = User::create_local(id, username, None, None, NOW);
    assert_eq!(user.link(profile("work"), LATER), Ok(1));
    assert_eq!(user.link(profile("home"), LATER), Ok(2));
    user.suspend_other_identities();
    let suspended = |user: &User| [0, 1, 2].map(|number| user.is_suspended(number));
    assert_eq!(suspended(&user), [false, true, true]);
    let seen = user.signed_in_with(1).expect("linked");
    assert_eq!(suspended(&seen), [false, true, true]);
    let unchanged = user.clone();
    let mut changed = profile("work");
    changed.email = Some("thief@example.com".to_owned());
    assert_eq!(user.clone().updated(changed), unchanged);
    // Without the password, nobody could sign in.
    assert_eq!(user.clone().unlink(0, NOW), Err(UnlinkError::Last));
    let text = serde_json::to_string(&user).expect("JSON");
    assert_eq!(serde_json::from_str::<User>(&text).ok(), Some(user.clone()));

    assert_eq!(user.link(profile("work"), LATER), Ok(1));
    assert_eq!(suspended(&user), [false, false, true]);
    assert_eq!(user.clone().unlink(0, LATER), Err(UnlinkError::Last));
    let settled = LATER.plus(core::time::Duration::from_hours(7 * 24));
    assert!(user.clone().unlink(0, settled).is_ok());
    assert!(user.unlink(2, LATER).is_ok());
    assert_eq!(user.link(profile("home"), LATER), Ok(3));
    assert!(!user.is_suspended(3));
}
