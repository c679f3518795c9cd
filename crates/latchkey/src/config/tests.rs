//! Tests of loading: layers, defaults, and what is reported for each kind of error. Submodules test
//! the structure of the configuration, its values and its providers, and compare its keys with the
//! documentation.

use std::ffi::OsString;
use std::time::Duration;

use latchkey_axum::Binding;
use secrecy::ExposeSecret;

use super::{Config, ConfigError, load};
use crate::cli::{Overrides, Serve};

/// Loads a configuration from this file content and these variables.
fn loaded(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("written");
    let overrides = Overrides {
        config: Some(file.path().to_owned()),
        data_dir: None,
    };
    let variables = variables
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    load(
        &Serve {
            overrides,
            ..Serve::default()
        },
        variables,
    )
}

#[track_caller]
fn rejected(text: &str, variables: &[(&str, &str)], expected: &str) {
    let error = loaded(text, variables).expect_err("rejected").to_string();
    assert!(
        error.contains(expected),
        "{error:?} does not contain {expected:?}"
    );
}

#[test]
fn empty_file_results_in_the_documented_defaults() {
    let config = loaded("", &[]).expect("valid");
    assert_eq!(config.listen.to_string(), "127.0.0.1:7000");
    assert_eq!(config.tokens.access_ttl, Duration::from_mins(10));
    assert_eq!(config.tokens.refresh_ttl, Duration::from_hours(24 * 30));
    assert_eq!(config.tokens.idle_ttl, Duration::from_hours(24 * 14));
    assert_eq!(config.tokens.binding, Binding::Refresh);
    assert!(config.providers.is_empty() && !config.demo);
    let minute = Duration::from_mins(1);
    let counts = [config.limits.per_address, config.limits.per_session];
    let counts = counts.map(|rate| rate.map(|rate| (rate.count.get(), rate.per)));
    assert_eq!(counts, [Some((6000, minute)); 2]);
    assert!(!config.trusted_proxies.contains([127, 0, 0, 1].into()));
}

#[test]
fn environment_sets_limits_and_proxies() {
    let config = loaded(
        "[limits]\nper_session = \"5/s\"",
        &[
            ("LATCHKEY_LIMITS__PER_ADDRESS", "off"),
            ("LATCHKEY_LIMITS__CONNECTIONS_PER_ADDRESS", "7"),
            ("LATCHKEY_TRUSTED_PROXIES", "10.0.0.7, 2001:db8::/32"),
        ],
    );
    let config = config.expect("valid");
    assert_eq!(config.limits.per_address, None);
    assert_eq!(config.limits.connections_per_address, Some(7));
    let rate = config.limits.per_session.expect("a rate");
    assert_eq!((rate.count.get(), rate.per), (5, Duration::from_secs(1)));
    for (address, trusted) in [
        ("10.0.0.7", true),
        ("10.0.0.8", false),
        ("2001:db8::1", true),
        ("2001:db9::1", false),
    ] {
        let address = address.parse().expect("an address");
        assert_eq!(config.trusted_proxies.contains(address), trusted);
    }
}

#[test]
fn debug_output_of_a_shared_store_omits_its_password() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "secret-1\n").expect("written");
    let text = format!(
        "[store]\nkind = \"postgres\"\nurl = \"postgresqls://a@db.example.com/b\"\n\
         password_file = {:?}\nmax_staleness = \"2s\"",
        file.path()
    );
    let config = loaded(&text, &[]).expect("valid");
    let shared = config.store.shared().expect("shared");
    let password = shared.password.as_ref().map(ExposeSecret::expose_secret);
    assert_eq!(password, Some("secret-1"));
    assert_eq!(shared.max_staleness, Duration::from_secs(2));
    let variables = [
        ("LATCHKEY_STORE__KIND", "redis"),
        (
            "LATCHKEY_STORE__URL",
            "rediss://:secret-2@cache.example.com:6380/1",
        ),
    ];
    let redis = loaded("", &variables).expect("valid");
    for shown in [format!("{config:?}"), format!("{redis:?}")] {
        assert!(!shown.contains("secret-"), "{shown}");
    }
}

#[test]
fn binding_has_four_modes() {
    for (text, binding) in [
        ("off", Binding::Off),
        ("refresh", Binding::Refresh),
        ("full", Binding::Full),
        ("required", Binding::Required),
    ] {
        let config = loaded("", &[("LATCHKEY_TOKENS__BINDING", text)]).expect("valid");
        assert_eq!(config.tokens.binding, binding);
    }
}

#[test]
fn environment_overrides_the_file() {
    let text = "listen = \"127.0.0.1:1\"\n[tokens]\naccess_ttl = \"1m\"\n";
    let variables = [
        ("LATCHKEY_TOKENS__ACCESS_TTL", "90s"),
        ("LATCHKEY_LISTEN", "127.0.0.1:2"),
        ("LATCHKEY_ADMINS", "ada@example.com, bob@example.com"),
        ("LATCHKEY_DEMO", "true"),
        ("GOOGLE_CLIENT_ID", "id"),
        ("GOOGLE_CLIENT_SECRET", "secret"),
        ("UNRELATED", "x"),
    ];
    let config = loaded(text, &variables).expect("valid");
    assert_eq!(config.tokens.access_ttl, Duration::from_secs(90));
    assert_eq!(config.listen.port(), 2);
    assert_eq!(config.rights.admins.len(), 2);
    assert!(config.demo);
    assert_eq!(config.providers[0].id, "google");
    assert_eq!(config.providers[0].label, "Google");
}

#[test]
fn google_comes_first_and_secrets_are_read_from_files() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "from-a-file\n").expect("written");
    let text = format!(
        "[providers.google]\nclient_id = \"a\"\nclient_secret = \"b\"\n\
         [providers.acme]\nkind = \"oidc\"\nlabel = \"Acme\"\nissuer = \"http://127.0.0.1:1\"\n\
         client_id = \"c\"\nclient_secret_file = {:?}\n",
        file.path()
    );
    let config = loaded(&text, &[]).expect("valid");
    let ids: Vec<_> = config
        .providers
        .iter()
        .map(|provider| provider.id.as_str())
        .collect();
    assert_eq!(ids, ["google", "acme"]);
    let secret = config.providers[1].client_secret.as_ref();
    let secret = secret.map(ExposeSecret::expose_secret);
    assert_eq!(secret, Some("from-a-file"));
}

#[test]
fn each_error_names_its_key() {
    rejected("listen = ", &[], "line 1");
    rejected("\n\n[tokens\n", &[], "line 3");
    rejected("lisen = \"127.0.0.1:1\"", &[], "lisen: unknown key");
    rejected(
        "[tokens]\nacces_ttl = \"1m\"",
        &[],
        "tokens.acces_ttl: unknown key",
    );
    rejected(
        "listen = \"nowhere\"",
        &[],
        "listen: \"nowhere\" is not an IP address with a port",
    );
    rejected(
        "[metrics]\nlisten = \"localhost:7001\"",
        &[],
        "metrics.listen: \"localhost:7001\" is not an IP address with a port",
    );
    rejected(
        "[tokens]\naccess_ttl = \"soon\"",
        &[],
        "tokens.access_ttl: \"soon\" is not a valid duration",
    );
    rejected("[tokens]\naccess_ttl = 600", &[], "tokens.access_ttl");
    rejected("[tokens]\naccess_ttl = \"0s\"", &[], "tokens.access_ttl");
    rejected("[tokens]\naccess_ttl = \"2d\"", &[], "tokens.access_ttl");
    rejected("[tokens]\nalgorithm = \"RS256\"", &[], "tokens.algorithm");
    rejected("[tokens]\nbinding = \"on\"", &[], "tokens.binding");
}

#[test]
fn each_error_of_the_store_names_its_key() {
    rejected("[store]\nkind = \"mysql\"", &[], "store.kind");
    rejected("[store]\nurl = \"redis://a\"", &[], "store.url");
    rejected(
        "[store]\nmax_staleness = \"5s\"",
        &[],
        "store.max_staleness",
    );
    rejected(
        "[store]\nkind = \"redis\"",
        &[],
        "store.url: this key is required",
    );
    for (kind, url) in [
        ("redis", "localhost:6379"),
        ("redis", "postgresql://localhost/a"),
        ("redis", "rediss://localhost/#insecure"),
        ("redis", "redis:///0"),
        ("postgres", "mysql://localhost/a"),
        ("postgres", "nonsense"),
    ] {
        let text = format!("[store]\nkind = {kind:?}\nurl = {url:?}");
        rejected(&text, &[], "store.url");
    }
    let shared = "[store]\nkind = \"redis\"\nurl = \"redis://:a@localhost\"\n";
    rejected(&format!("{shared}password = \"b\""), &[], "store.password");
    let file = "password_file = \"/nonexistent\"";
    rejected(&format!("{shared}{file}"), &[], "store.password_file");
    let both = format!("{shared}{file}\npassword = \"b\"");
    rejected(&both, &[], "password and password_file");
    for staleness in ["500ms", "2h", "soon"] {
        let text = format!("{shared}max_staleness = {staleness:?}");
        rejected(&text, &[], "store.max_staleness");
    }
}

#[test]
fn each_error_about_access_names_its_key() {
    rejected("[admission]\nmode = \"allow-list\"", &[], "admission");
    rejected("[admission]\nemails = [\"a@b\"]", &[], "admission.mode");
    rejected("admins = [\"ada\"]", &[], "admins");
    rejected("public_url = \"http://id.example.com\"", &[], "public_url");
    rejected(
        "public_url = \"https://id.example.com/path\"",
        &[],
        "public_url",
    );
    rejected("public_url = \"nonsense\"", &[], "public_url");
    rejected("listen = \"0.0.0.0:1\"", &[], "public_url: set it");
    rejected(
        "[providers.x]\nkind = \"saml\"\nclient_id = \"a\"",
        &[],
        "providers.x.kind",
    );
    rejected(
        "[providers.x]\nkind = \"oidc\"\nclient_id = \"a\"",
        &[],
        "providers.x.issuer",
    );
    rejected(
        "[providers.google]\nclient_id = \"a\"",
        &[],
        "providers.google.client_secret",
    );
    rejected("[providers.demo]\nclient_id = \"a\"", &[], "providers.demo");
    rejected(
        "[providers.local]\nclient_id = \"a\"",
        &[],
        "providers.local",
    );
    rejected("[local]\nsign_up = \"all\"", &[], "local.sign_up");
    rejected(
        "[local]\nsign_up = \"open\"\n[admission]\nmode = \"allow-list\"\nemails = [\"a@b\"]",
        &[],
        "local.sign_up: \"open\" lets everyone",
    );
    let plain = "[providers.x]\nissuer = \"http://x.example\"\nclient_id = \"a\"";
    rejected(plain, &[], "providers.x");
}

#[test]
fn an_error_in_a_variable_names_the_variable() {
    rejected(
        "",
        &[("LATCHKEY_TOKNES__ACCESS_TTL", "1m")],
        "toknes: unknown key (from LATCHKEY_TOKNES__ACCESS_TTL); known keys: ",
    );
    rejected(
        "",
        &[("LATCHKEY_TOKENS__ACCES_TTL", "1m")],
        "tokens.acces_ttl: unknown key (from LATCHKEY_TOKENS__ACCES_TTL); known keys in [tokens]: ",
    );
    rejected(
        "",
        &[
            ("LATCHKEY_LISTEN", "127.0.0.1:1"),
            ("LATCHKEY_LISTEN__PORT", "1"),
        ],
        "LATCHKEY_LISTEN__PORT is not the name of a configuration key",
    );
}

#[test]
fn demo_provider_is_only_allowed_on_this_machine() {
    for text in [
        "listen = \"0.0.0.0:1\"",
        "public_url = \"https://id.example.com\"",
        "trusted_proxies = [\"::1\"]",
    ] {
        rejected(&format!("demo = true\n{text}"), &[], "demo");
    }
}

#[test]
fn ca_file_without_tls_is_rejected() {
    for (kind, plain, tls) in [
        ("redis", "redis://h/0", "rediss://h/0"),
        ("postgres", "postgresql://h/d", "postgresqls://h/d"),
        (
            "postgres",
            "postgresql://h/d",
            "postgresql://h/d?sslmode=verify-full",
        ),
    ] {
        let text = |url| format!("[store]\nkind = {kind:?}\nurl = {url:?}\nca_file = \"a.pem\"");
        rejected(&text(plain), &[], "store.ca_file");
        assert!(loaded(&text(tls), &[]).is_ok());
    }
}

#[test]
fn invalid_limits_and_networks_are_rejected() {
    for rate in ["0/m", "5", "5/d", "many/m", "-1/s", ""] {
        let text = format!("[limits]\nper_address = {rate:?}");
        rejected(&text, &[], "limits.per_address");
    }
    rejected("[limits]\nper_session = 5", &[], "limits.per_session");
    for connections in ["0", "10001", "\"many\"", "-1", "1.5", "[]"] {
        let text = format!("[limits]\nconnections_per_address = {connections}");
        rejected(&text, &[], "limits.connections_per_address");
    }
    for count in ["0", "-1", "1001", "\"many\""] {
        let text = format!("[limits]\nmax_sessions = {count}");
        rejected(&text, &[], "limits.max_sessions");
    }
    let proxies = "trusted_proxies = [\"10.0.0.0/40\", \"proxy\"]";
    rejected(proxies, &[], "trusted_proxies: \"10.0.0.0/40\"");
    rejected(proxies, &[], "trusted_proxies: \"proxy\"");
}

#[test]
fn all_errors_are_reported_at_once() {
    let text = "admins = [\"ada\"]\n[tokens]\naccess_ttl = \"2d\"\n[store]\nkind = \"x\"";
    let ConfigError(errors) = loaded(text, &[]).expect_err("rejected");
    assert_eq!(errors.len(), 3, "{errors:?}");
}

#[test]
fn explicitly_named_file_must_exist() {
    let overrides = Overrides {
        config: Some("/nonexistent.toml".into()),
        data_dir: None,
    };
    let error = load(
        &Serve {
            overrides,
            ..Serve::default()
        },
        [],
    )
    .expect_err("rejected");
    assert!(
        error
            .to_string()
            .contains("cannot read the configuration file /nonexistent.toml"),
        "{error}"
    );
}

mod documentation;
mod providers;
mod structure;
mod values;
