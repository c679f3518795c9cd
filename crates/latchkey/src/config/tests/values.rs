//! Values as people and tools write them: lists of addresses, secrets.

use super::{loaded, mistake};

#[test]
fn entries_of_lists_that_would_admit_nobody_are_refused() {
    for (key, entry) in [
        ("domains", "@example.com"),
        ("domains", "*.example.com"),
        ("domains", "*@example.com"),
        ("domains", ".example.com"),
        ("domains", "ada@example.com"),
        ("domains", "example com"),
        ("domains", "https://example.com"),
        ("domains", ""),
        ("emails", "example.org"),
        ("emails", "@example.org"),
        ("emails", "*@example.org"),
        ("emails", "Ada <ada@example.org>"),
        ("emails", "ada@"),
    ] {
        let text = format!("[admission]\nmode = \"allow-list\"\n{key} = [{entry:?}]");
        mistake(&text, &[], &format!("admission.{key}: {entry:?}"));
    }
    let blanks = "[admission]\nmode = \"allow-list\"\nemails = [\" ada@example.com \"]\n\
        domains = [\"b\u{fc}cher.example\"]";
    loaded(blanks, &[]).expect("blanks mean nothing");
    mistake("admins = [\"*@example.com\"]", &[], "admins");
}

#[test]
fn secrets_come_without_what_editors_and_containers_add() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("secret");
    std::fs::write(&path, b"\xef\xbb\xbfs3cret\r\n").expect("written");
    let text = format!(
        "[providers.a]\nissuer = \"https://a.example\"\nclient_id = \"id\"\n\
         client_secret_file = {path:?}"
    );
    let config = loaded(&text, &[]).expect("good");
    let secret = config.providers[0].client_secret.as_deref();
    assert_eq!(secret, Some("s3cret"));
    for quoted in ["\"abc\"", "'abc'", "\"abc\" "] {
        for name in ["GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET"] {
            let mut variables = vec![("GOOGLE_CLIENT_ID", "a"), ("GOOGLE_CLIENT_SECRET", "b")];
            variables.push((name, quoted));
            mistake("", &variables, "quotation marks");
        }
    }
}

#[test]
fn bare_callback_is_for_a_sole_provider() {
    let section = |name: &str, redirect: &str| {
        format!(
            "[providers.{name}]\nissuer = \"https://{name}.example\"\nclient_id = \"id\"\n{redirect}\n"
        )
    };
    let bare = "redirect = \"/callback\"";
    let config = loaded(&section("a", ""), &[]).expect("good");
    assert!(!config.bare_callback);
    let config = loaded(&section("a", "redirect = \"/callback/a\""), &[]).expect("good");
    assert!(!config.bare_callback);
    let config = loaded(&section("a", bare), &[]).expect("good");
    assert!(config.bare_callback);
    let two = section("a", bare) + &section("b", "");
    mistake(&two, &[], "register {public_url}/callback/a");
    for wrong in [
        "/callback/b",
        "/",
        "/account",
        "https://evil.example/callback",
    ] {
        let text = section("a", &format!("redirect = {wrong:?}"));
        mistake(&text, &[], "providers.a.redirect");
    }
}

const TWO: &str = "[providers.google]\nclient_id = \"a\"\nclient_secret = \"b\"\n\
    [providers.partner]\nissuer = \"https://partner.example\"\nclient_id = \"c\"\n";

fn of_one() -> &'static str {
    TWO.split_once("[providers.partner]").expect("two").0
}

#[test]
fn an_address_alone_is_an_administrator_only_where_one_provider_can_claim_it() {
    let bare = "admins = [\"ada@example.com\"]\n";
    loaded(bare, &[]).expect("none");
    loaded(&format!("{bare}{}", of_one()), &[]).expect("one");
    loaded(&format!("demo = true\n{bare}{}", of_one()), &[]).expect("one, and the demo provider");
    for part in [
        "admins: \"ada@example.com\" does not say which provider",
        "\"google:ada@example.com\" or \"partner:ada@example.com\"",
        "{ issuer = \"…\", subject = \"…\" }",
    ] {
        mistake(&format!("{bare}{TWO}"), &[], part);
    }
    let good = "admins = [\"google:ada@example.com\", \" partner:bob@example.com\", \
        \"demo:eve@example.com\", { issuer = \"https://a.example\", subject = \"1\" }]\n";
    let config = loaded(&format!("{good}{TWO}"), &[]).expect("good");
    assert_eq!(config.rights.admins.len(), 4);
    for (entry, part) in [
        (
            "\"gogle:ada@example.com\"",
            "configured are: google, partner",
        ),
        ("\"google:*@example.com\"", "is not an email address"),
        ("\"google:\"", "is not an email address"),
        (
            "{ issuer = \"https://a.example\" }",
            "admins[0]: write an address",
        ),
        ("{ issuer = \"\", subject = \"1\" }", "must not be empty"),
        ("1", "admins[0]: write an address"),
    ] {
        mistake(&format!("admins = [{entry}]\n{TWO}"), &[], part);
    }
    let variables = [(
        "LATCHKEY_ADMINS",
        "google:ada@example.com,partner:b@example.com",
    )];
    loaded(TWO, &variables).expect("good");
    mistake(
        TWO,
        &[("LATCHKEY_ADMINS", "ada@example.com")],
        "does not say which",
    );
}

#[test]
fn sections_of_one_issuer_trust_it_alike() {
    let section = |name: &str, more: &str| {
        format!(
            "[providers.{name}]\nissuer = \"https://a.example\"\nclient_id = \"{name}\"\n{more}"
        )
    };
    let staff = section("staff", "");
    let guests = section("guests", "trust_email = true\n");
    mistake(
        &format!("{staff}{guests}"),
        &[],
        "providers.staff.trust_email",
    );
    let guests = section("guests", "");
    loaded(&format!("{staff}{guests}"), &[]).expect("good");
}

#[test]
fn another_issuer_that_speaks_like_google_has_not_its_word() {
    let broker = "[providers.google]\nissuer = \"https://broker.example\"\nclient_id = \"a\"\n\
                  client_secret = \"b\"\n\
                  [providers.work]\nissuer = \"https://work.example\"\nclient_id = \"a\"\n";
    let list = "[admission]\nmode = \"allow-list\"\nemails = [\"ada@gmail.com\"]\n";
    mistake(&format!("{list}{broker}"), &[], "is for no provider");
}

#[test]
fn with_several_providers_a_list_says_whose_word_counts() {
    let list = |list: &str| format!("[admission]\nmode = \"allow-list\"\n{list}\n");
    let trusted = format!("{TWO}email_domains = [\"partner.example\"]\n");
    for entries in [
        "emails = [\"partner:ada@example.com\"]\ndomains = [\"google:example.com\"]",
        "emails = [\"ada@gmail.com\", \"ada@partner.example\"]",
        "domains = [\"gmail.com\", \"Partner.example\"]",
    ] {
        loaded(&format!("{}{trusted}", list(entries)), &[]).expect("good");
    }
    for (entries, part) in [
        (
            "emails = [\"ada@example.com\"]",
            "admission.emails: \"ada@example.com\" is for no provider",
        ),
        (
            "emails = [\"ada@example.com\"]",
            "write \"google:ada@example.com\" or \"partner:ada@example.com\", or email_domains = \
             [\"example.com\"]",
        ),
        (
            "domains = [\"example.com\"]",
            "admission.domains: \"example.com\" is for no provider",
        ),
    ] {
        mistake(&format!("{}{trusted}", list(entries)), &[], part);
        loaded(&format!("{}{}", list(entries), of_one()), &[]).expect("one provider: as before");
    }
    let unknown = list("domains = [\"gogle:example.com\"]");
    mistake(
        &format!("{unknown}{TWO}"),
        &[],
        "configured are: google, partner",
    );
    // One provider too may say for whom it speaks.
    let one = "[providers.work]\nissuer = \"https://work.example\"\nclient_id = \"c\"\n\
        email_domains = [\"example.org\"]\n";
    for entries in [
        "admins = [\"ada@example.com\"]\n".to_owned(),
        list("domains = [\"example.com\"]"),
    ] {
        let part = "is for no provider: the word of none counts for addresses at example.com";
        mistake(&format!("{entries}{one}"), &[], part);
        let covered = one.replace("example.org", "example.com");
        loaded(&format!("{entries}{covered}"), &[]).expect("good");
    }
    let wrong = format!("{TWO}email_domains = [\"@partner.example\"]\n");
    mistake(
        &wrong,
        &[],
        "providers.partner.email_domains: \"@partner.example\"",
    );
}
