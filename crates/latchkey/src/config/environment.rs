//! Environment variables override the file: `LATCHKEY_SECTION__KEY`.

use std::ffi::OsString;

use toml::{Table, Value};

use super::config_errors::ConfigErrors;

const PREFIX: &str = "LATCHKEY_";
/// Variables with this prefix that are not configuration keys. The command line, the build and the
/// tests read them.
const RESERVED: [&str; 4] = [
    "LATCHKEY_CONFIG",
    "LATCHKEY_BIN",
    "LATCHKEY_WEB_DIST",
    "LATCHKEY_EMBED_DIST",
];
/// Keys whose value is a list. A variable can contain the items separated by commas.
const LISTS: [&str; 6] = [
    "admins",
    "emails",
    "domains",
    "email_domains",
    "scopes",
    "trusted_proxies",
];

/// The keys that variables set, such as `tokens.access_ttl`, each with the name of its variable.
pub(super) type Origins = Vec<(String, String)>;

/// Adds the variables to the table and overrides existing keys.
pub(super) fn overlay(
    table: &mut Table,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    errors: &mut ConfigErrors,
) -> Origins {
    let mut origins = Origins::new();
    let mut google = Table::new();
    for (name, text) in variables {
        // Variables of other programs need not be valid UTF-8.
        let Some(name) = name.to_str() else { continue };
        if !is_configuration(name) {
            continue;
        }
        let Ok(text) = text.into_string() else {
            errors.add(format!("{name}: its value is not valid UTF-8"));
            continue;
        };
        let name = name.to_owned();
        match name.as_str() {
            "GOOGLE_CLIENT_ID" => drop(google.insert("client_id".into(), Value::String(text))),
            "GOOGLE_CLIENT_SECRET" => {
                google.insert("client_secret".into(), Value::String(text));
            }
            _ => {
                let path = name.strip_prefix(PREFIX).unwrap_or_default();
                let path: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
                if insert(table, &path, &text) {
                    origins.push((path.join("."), name));
                } else {
                    errors.add(format!("{name} is not the name of a configuration key"));
                }
            }
        }
    }
    if google.contains_key("client_id") || (google_lacks_secret(table) && has_secret(&google)) {
        let providers = table
            .entry("providers")
            .or_insert_with(|| Table::new().into());
        if let Some(section) = providers
            .as_table_mut()
            .map(|providers| {
                providers
                    .entry("google")
                    .or_insert_with(|| Table::new().into())
            })
            .and_then(Value::as_table_mut)
        {
            if google.contains_key("client_secret") {
                section.remove("client_secret_file");
            }
            section.extend(google);
        }
    }
    origins
}

/// Whether there is a `[providers.google]` without a secret. Then
/// `GOOGLE_CLIENT_SECRET` supplies it, even if `GOOGLE_CLIENT_ID` is not set. It never replaces a
/// secret, because it may be meant for another program.
fn google_lacks_secret(table: &Table) -> bool {
    let section = table
        .get("providers")
        .and_then(|providers| providers.get("google"))
        .and_then(Value::as_table);
    section.is_some_and(|section| {
        !section.contains_key("client_secret") && !section.contains_key("client_secret_file")
    })
}

fn has_secret(google: &Table) -> bool {
    let secret = google.get("client_secret").and_then(Value::as_str);
    secret.is_some_and(|secret| !secret.is_empty())
}

/// Whether a variable is part of the configuration.
fn is_configuration(name: &str) -> bool {
    match name {
        "GOOGLE_CLIENT_ID" | "GOOGLE_CLIENT_SECRET" => true,
        _ if RESERVED.contains(&name) => false,
        _ => name
            .strip_prefix(PREFIX)
            .is_some_and(|key| !is_service_link(key)),
    }
}

/// Whether Kubernetes injected the variable. It does so for every Service in a namespace. A Service
/// called `latchkey`, or `latchkey-…`, results in names with our prefix: `LATCHKEY_PORT`,
/// `LATCHKEY_SERVICE_HOST`, `LATCHKEY_WEB_PORT_7000_TCP_ADDR`. No configuration key has such a name.
fn is_service_link(key: &str) -> bool {
    let is_service_name = |name: &str| name.is_empty() || name.ends_with('_');
    let ends_with = |suffix| key.strip_suffix(suffix).is_some_and(is_service_name);
    let is_port_suffix = |suffix: &str| {
        let mut parts = suffix.split('_');
        let port = parts.next().unwrap_or_default();
        let protocol = parts.next().unwrap_or_default();
        let rest = parts.next();
        !port.is_empty()
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && matches!(protocol, "TCP" | "UDP" | "SCTP")
            && matches!(rest, None | Some("PROTO" | "PORT" | "ADDR"))
            && parts.next().is_none()
    };
    // `__` separates a section from its key.
    if key.contains("__") {
        return false;
    }
    ends_with("PORT")
        || ends_with("SERVICE_HOST")
        || ends_with("SERVICE_PORT")
        || key.starts_with("SERVICE_PORT_")
        || key.contains("_SERVICE_PORT_")
        || key.rmatch_indices("PORT_").any(|(at, port)| {
            is_service_name(&key[..at]) && is_port_suffix(&key[at + port.len()..])
        })
}

fn insert(table: &mut Table, path: &[String], text: &str) -> bool {
    match path {
        [] => false,
        [key] if key.is_empty() => false,
        [key] => {
            table.insert(key.clone(), parse_value(key, text));
            true
        }
        [section, rest @ ..] => table
            .entry(section.clone())
            .or_insert_with(|| Table::new().into())
            .as_table_mut()
            .is_some_and(|table| insert(table, rest, text)),
    }
}

/// Parses booleans and arrays as TOML. Everything else is a string, or a list of strings.
fn parse_value(key: &str, text: &str) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok();
    match parsed.and_then(|mut table| table.remove("value")) {
        Some(value @ (Value::Boolean(_) | Value::Array(_))) => value,
        _ if LISTS.contains(&key) => Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()))
                .collect(),
        ),
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use toml::Table;

    use super::super::config_errors::ConfigErrors;
    use super::overlay;

    fn overlaid(name: &str, value: &str) -> (Table, Vec<String>) {
        let (mut table, mut errors) = (Table::new(), ConfigErrors::default());
        let variable = (OsString::from(name), OsString::from(value));
        overlay(&mut table, [variable], &mut errors);
        (table, errors.0)
    }

    #[test]
    fn kubernetes_service_variables_are_ignored() {
        for name in [
            "LATCHKEY_PORT",
            "LATCHKEY_SERVICE_HOST",
            "LATCHKEY_SERVICE_PORT",
            "LATCHKEY_SERVICE_PORT_HTTP",
            "LATCHKEY_SERVICE_PORT_HTTP_METRICS",
            "LATCHKEY_PORT_7000_TCP",
            "LATCHKEY_PORT_7000_TCP_PROTO",
            "LATCHKEY_PORT_7000_TCP_PORT",
            "LATCHKEY_PORT_7000_TCP_ADDR",
            "LATCHKEY_PORT_53_UDP",
            "LATCHKEY_WEB_PORT",
            "LATCHKEY_WEB_SERVICE_HOST",
            "LATCHKEY_WEB_SERVICE_PORT_HTTP",
            "LATCHKEY_WEB_PORT_7000_TCP_ADDR",
        ] {
            let (table, errors) = overlaid(name, "tcp://10.96.0.10:7000");
            assert!(table.is_empty() && errors.is_empty(), "{name}: {table}");
        }
    }

    #[test]
    fn misspelled_keys_are_not_ignored() {
        for name in [
            "LATCHKEY_TOKNES__ACCESS_TTL",
            "LATCHKEY_LISEN",
            "LATCHKEY_PORTS",
            "LATCHKEY_STORE__SERVICE_PORT",
            "LATCHKEY_PROVIDERS__PORT__CLIENT_ID",
        ] {
            assert!(!overlaid(name, "a").0.is_empty(), "{name} was ignored");
        }
    }
}
