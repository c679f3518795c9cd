//! `LATCHKEY_SECTION__KEY`: the environment as a layer over the file.

use toml::{Table, Value};

use super::mistakes::Mistakes;

/// Variables of this prefix that are no keys: they speak to the build and to the tests.
const NOT_KEYS: [&str; 4] = [
    "LATCHKEY_CONFIG",
    "LATCHKEY_BIN",
    "LATCHKEY_WEB_DIST",
    "LATCHKEY_EMBED_DIST",
];
/// Keys whose value is a list: `a, b` will do for them.
const LISTS: [&str; 5] = ["admins", "emails", "domains", "scopes", "trusted_proxies"];

/// Lays the variables over the table.
pub(super) fn overlay(
    table: &mut Table,
    variables: impl IntoIterator<Item = (String, String)>,
    mistakes: &mut Mistakes,
) {
    let mut google = Table::new();
    for (name, text) in variables {
        match name.as_str() {
            "GOOGLE_CLIENT_ID" => drop(google.insert("client_id".into(), Value::String(text))),
            "GOOGLE_CLIENT_SECRET" => {
                google.insert("client_secret".into(), Value::String(text));
            }
            _ if NOT_KEYS.contains(&name.as_str()) => {}
            _ => {
                let Some(path) = name.strip_prefix("LATCHKEY_") else {
                    continue;
                };
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
