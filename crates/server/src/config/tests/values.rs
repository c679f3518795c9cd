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
