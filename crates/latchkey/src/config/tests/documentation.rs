//! Compares docs/configuration.md and latchkey.example.toml with the keys of the configuration types.

use std::collections::BTreeSet;

use super::{ConfigError, loaded};

const PAGE: &str = include_str!("../../../../../docs/configuration.md");
const EXAMPLE: &str = include_str!("../../../../../latchkey.example.toml");

/// The keys in a section, as the error for an unknown key lists them; `None` if it is not a section.
fn keys_in(section: &str) -> Option<Vec<String>> {
    let header = match section {
        "" => String::new(),
        name => format!("[{name}]\n"),
    };
    let loaded = loaded(&format!("{header}no_such_key = 1\n"), &[]);
    let ConfigError(errors) = loaded.expect_err("an unknown key is rejected");
    let error = errors.iter().find(|error| error.contains("no_such_key"))?;
    let (_, names) = error.rsplit_once(": ").expect("the known keys");
    Some(names.split(", ").map(str::to_owned).collect())
}

/// Every key with its section, from the types.
fn keys() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for name in keys_in("").expect("keys at the top level") {
        let section = match name.as_str() {
            // The operator chooses the names of these sections.
            "providers" => "providers.NAME",
            name => name,
        };
        match keys_in(&section.replace("NAME", "x")) {
            Some(inner) => keys.extend(inner.iter().map(|key| format!("{section}.{key}"))),
            None => drop(keys.insert(name)),
        }
    }
    keys
}

/// The key and the variable (the first and fourth cells) of each table row that documents a key.
fn rows() -> Vec<(&'static str, &'static str)> {
    let cells = |line: &'static str| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let key = cells.next()?.strip_suffix('`')?;
        Some((key, cells.nth(2)?.trim_matches('`')))
    };
    PAGE.lines().filter_map(cells).collect()
}

#[test]
fn every_key_is_documented_and_every_documented_key_exists() {
    let keys = keys();
    assert!(keys.contains("tokens.access_ttl") && keys.contains("providers.NAME.timeout"));
    let documented: BTreeSet<String> = rows().iter().map(|(key, _)| (*key).to_owned()).collect();
    assert_eq!(
        documented, keys,
        "docs/configuration.md and the types differ"
    );
    assert_eq!(rows().len(), keys.len(), "a key has two rows");
}

#[test]
fn documented_variables_follow_from_their_keys() {
    for (key, variable) in rows() {
        let expected = key.to_uppercase().replace('.', "__");
        assert_eq!(variable, format!("LATCHKEY_{expected}"), "{key}");
    }
}

#[test]
fn example_file_contains_every_key() {
    for key in keys() {
        let name = key.rsplit('.').next().unwrap_or(&key);
        // Flags for development.
        if !["demo", "web_dir"].contains(&name) {
            assert!(EXAMPLE.contains(name), "latchkey.example.toml lacks {key}");
        }
    }
}

#[test]
fn example_file_is_valid_unchanged_and_with_all_lines_enabled() {
    loaded(EXAMPLE, &[]).expect("valid");
    let key_file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(key_file.path(), "secret").expect("written");
    let all_enabled: String = EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') || rest.contains(" = ") => rest,
            _ => line,
        })
        .map(|line| line.replace("/run/secrets/google", &key_file.path().to_string_lossy()))
        .map(|line| line.replace("mode = \"open\"", "mode = \"allow-list\"") + "\n")
        .collect();
    let config = loaded(&all_enabled, &[]).expect("valid");
    assert_eq!(config.providers.len(), 5);
    assert!(config.tls.is_some() && config.public_url.is_some());
}
