//! `LATCHKEY_SECTION__KEY`: the environment as a layer over the file.

use std::ffi::OsString;

use toml::{Table, Value};

use super::mistakes::Mistakes;

const PREFIX: &str = "LATCHKEY_";
/// Variables of this prefix that are no keys: they speak to the build and to the tests.
const NOT_KEYS: [&str; 4] = [
    "LATCHKEY_CONFIG",
    "LATCHKEY_BIN",
    "LATCHKEY_WEB_DIST",
    "LATCHKEY_EMBED_DIST",
];
/// Keys whose value is a list: `a, b` will do for them.
const LISTS: [&str; 6] = [
    "admins",
    "emails",
    "domains",
    "email_domains",
    "scopes",
    "trusted_proxies",
];

/// Lays the variables over the table.
pub(super) fn overlay(
    table: &mut Table,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    mistakes: &mut Mistakes,
) {
    let mut google = Table::new();
    for (name, text) in variables {
        // Variables of other programs may hold any bytes.
        let Some(name) = name.to_str() else { continue };
        if !is_ours(name) {
            continue;
        }
        let Ok(text) = text.into_string() else {
            mistakes.add(format!("{name}: its value is not valid UTF-8"));
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
                if !insert(table, &path, &text) {
                    mistakes.add(format!("{name} does not name a key of the configuration"));
                }
            }
        }
    }
    if google.contains_key("client_id") {
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
}

/// Whether a variable is meant for the configuration.
fn is_ours(name: &str) -> bool {
    match name {
        "GOOGLE_CLIENT_ID" | "GOOGLE_CLIENT_SECRET" => true,
        _ if NOT_KEYS.contains(&name) => false,
        _ => name
            .strip_prefix(PREFIX)
            .is_some_and(|key| !is_service_link(key)),
    }
}

/// Kubernetes injects variables for every Service of a namespace. Those of a Service called
/// `latchkey`, or `latchkey-…`, look like ours: `LATCHKEY_PORT`, `LATCHKEY_SERVICE_HOST`,
/// `LATCHKEY_WEB_PORT_7000_TCP_ADDR`. None of our keys has such a name.
fn is_service_link(key: &str) -> bool {
    let name_of_service = |name: &str| name.is_empty() || name.ends_with('_');
    let ends = |suffix| key.strip_suffix(suffix).is_some_and(name_of_service);
    let named_port = |after: &str| {
        let mut parts = after.split('_');
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
    ends("PORT")
        || ends("SERVICE_HOST")
        || ends("SERVICE_PORT")
        || key.starts_with("SERVICE_PORT_")
        || key.contains("_SERVICE_PORT_")
        || key
            .rmatch_indices("PORT_")
            .any(|(at, port)| name_of_service(&key[..at]) && named_port(&key[at + port.len()..]))
}

fn insert(table: &mut Table, path: &[String], text: &str) -> bool {
    match path {
        [] => false,
        [key] if key.is_empty() => false,
        [key] => {
            table.insert(key.clone(), value(key, text));
            true
        }
        [section, rest @ ..] => table
            .entry(section.clone())
            .or_insert_with(|| Table::new().into())
            .as_table_mut()
            .is_some_and(|table| insert(table, rest, text)),
    }
}

/// `true` and `["a"]` are what they look like; everything else is text.
fn value(key: &str, text: &str) -> Value {
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

    use super::super::mistakes::Mistakes;
    use super::overlay;

    fn laid(name: &str, value: &str) -> (Table, Vec<String>) {
        let (mut table, mut mistakes) = (Table::new(), Mistakes::default());
        let variable = (OsString::from(name), OsString::from(value));
        overlay(&mut table, [variable], &mut mistakes);
        (table, mistakes.0)
    }

    #[test]
    fn service_links_of_kubernetes_are_passed_over() {
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
            let (table, mistakes) = laid(name, "tcp://10.96.0.10:7000");
            assert!(table.is_empty() && mistakes.is_empty(), "{name}: {table}");
        }
    }

    #[test]
    fn what_looks_like_a_key_is_one_even_if_misspelt() {
        for name in [
            "LATCHKEY_TOKNES__ACCESS_TTL",
            "LATCHKEY_LISEN",
            "LATCHKEY_PORTS",
            "LATCHKEY_STORE__SERVICE_PORT",
            "LATCHKEY_PROVIDERS__PORT__CLIENT_ID",
        ] {
            assert!(!laid(name, "a").0.is_empty(), "{name} was passed over");
        }
    }
}
