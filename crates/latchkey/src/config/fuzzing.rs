//! Loading a configuration from arbitrary bytes, for fuzzing (`fuzz/`) and for the test that
//! replays the corpus. Not part of the product: compiled only for these two.

#![expect(
    clippy::missing_panics_doc,
    reason = "the properties are assertions: a panic is a finding"
)]

use std::ffi::OsString;

use toml::Table;

use super::load::{from_table, parse};
use super::{Config, ConfigError};
use crate::cli::Serve;

/// Loads a configuration file. Its comments of the form `#env NAME=VALUE` are the environment.
/// Returns whether the configuration is valid. Asserts that encoding the parsed file and parsing it
/// again does not change the result, and that a refusal gives at least one reason.
pub fn config(input: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(input) else {
        return false;
    };
    // A configuration can name files to read secrets from. A read from a device file might
    // never return.
    if text.contains("dev") || text.contains("proc") || text.contains('\\') {
        return false;
    }
    let Ok(table) = parse(text, &"the file") else {
        return false;
    };
    let encoded = table.to_string();
    let again: Table = encoded.parse().expect("TOML that was encoded");
    let loaded = describe(&load(table, text));
    assert_eq!(describe(&load(again, text)), loaded, "{encoded}");
    loaded.is_ok()
}

fn load(table: Table, text: &str) -> Result<Config, ConfigError> {
    let variables = text
        .lines()
        .filter_map(|line| line.strip_prefix("#env ")?.split_once('='))
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    from_table(table, &Serve::default(), variables)
}

/// The configuration as text, which can be compared, or the reasons for the refusal.
fn describe(loaded: &Result<Config, ConfigError>) -> Result<String, Vec<String>> {
    match loaded {
        Ok(config) => Ok(format!("{config:?}")),
        Err(ConfigError(reasons)) => {
            let is_given = !reasons.is_empty() && reasons.iter().all(|reason| !reason.is_empty());
            assert!(is_given, "refused without a reason");
            Err(reasons.clone())
        }
    }
}

#[cfg(test)]
#[path = "../../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    #[test]
    fn corpus_of_configurations_is_accepted_or_refused_as_its_file_names_say() {
        super::replay::replay("config", super::config);
    }
}
