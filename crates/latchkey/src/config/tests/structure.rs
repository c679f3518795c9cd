//! Errors in the structure of the configuration: unknown keys, missing keys, and values of the wrong
//! type.

use super::{ConfigError, loaded, rejected};

#[test]
fn type_errors_omit_the_value_which_may_be_a_secret() {
    for (text, path) in [
        ("store = \"redis://:hunter2@h\"", "store"),
        (
            "[store]\nkind = \"redis\"\npassword = 70992",
            "store.password",
        ),
        ("providers = \"hunter2, expected\"", "providers"),
    ] {
        let message = loaded(text, &[]).expect_err("rejected").to_string();
        assert!(message.contains(&format!("{path}: expected ")), "{message}");
        assert!(
            !message.contains("hunter2") && !message.contains("70992"),
            "{message}"
        );
    }
}

#[test]
fn all_unknown_keys_and_wrong_types_are_reported_at_once() {
    let text = "lisen = \"a\"\nadmins = [1, 2]\n[tokens]\naccess_ttl = 600\nidel_ttl = \"1d\"\n\
        [tls]\ncert_file = \"a\"\n[log]\nformat = \"xml\"";
    let ConfigError(errors) = loaded(text, &[]).expect_err("rejected");
    for expected in [
        "lisen: unknown key; known keys: public_url, listen, ",
        "admins[0]: use an address with its provider",
        "tokens.access_ttl: expected a string, found an integer",
        "tokens.idel_ttl: unknown key; known keys in [tokens]: access_ttl, ",
        "tls.key_file: this key is required",
        "log.format: \"xml\" is not one of \"human\", \"json\"",
    ] {
        let reported = errors.iter().filter(|error| error.starts_with(expected));
        assert_eq!(reported.count(), 1, "{expected} in {errors:#?}");
    }
    assert_eq!(errors.len(), 6, "{errors:#?}");
}

#[test]
fn sections_that_are_not_tables_are_rejected() {
    rejected(
        "store = 1",
        &[],
        "store: expected a section, found an integer",
    );
    rejected(
        "tls = true",
        &[],
        "tls: expected a section, found a boolean",
    );
    rejected(
        "metrics = true",
        &[],
        "metrics: expected a section, found a boolean",
    );
    rejected(
        "providers = 1",
        &[],
        "providers: expected a section, found an integer",
    );
    rejected("listen = 2026-11-30", &[], "listen: expected ");
}
