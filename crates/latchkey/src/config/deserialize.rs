//! Deserializes the merged table and reports the errors of all keys at once.
//!
//! An error keeps the details that serde reports, such as the expected type or the known keys, so
//! that the message can be written from them. `toml`'s own errors are only text, which differs
//! between versions and can contain the value.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeOwned, Deserializer, Error, Expected, IntoDeserializer, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_path_to_error::{Path, Segment};
use toml::{Table, Value};

use super::config_errors::ConfigErrors;
use super::environment::Origins;

/// Deserializes a table. If a value is not valid, adds its error to `errors`, removes the value and
/// tries again, so that the errors of other keys are also found. Reports only the first error in an
/// array. After a missing key, the rest of its section is not checked.
pub(super) fn deserialize<T: DeserializeOwned>(
    mut table: Table,
    origins: &Origins,
    errors: &mut ConfigErrors,
) -> Option<T> {
    let mut is_valid = true;
    loop {
        let value = ValueDeserializer(Value::Table(table.clone()));
        let error = match serde_path_to_error::deserialize(value) {
            Ok(result) => return is_valid.then_some(result),
            Err(error) => error,
        };
        is_valid = false;
        errors.add(describe(error.path(), error.inner(), origins));
        if !remove(&mut table, &keys(error.path())) {
            return None;
        }
    }
}

/// The keys of a path, up to the first index of an array.
fn keys(path: &Path) -> Vec<&str> {
    let keys = path.iter().map_while(|segment| match segment {
        Segment::Map { key } => Some(key.as_str()),
        _ => None,
    });
    keys.collect()
}

/// Removes the value with these keys. Returns whether there was one.
fn remove(table: &mut Table, keys: &[&str]) -> bool {
    let Some((key, rest)) = keys.split_first() else {
        return false;
    };
    match table.get_mut(*key) {
        Some(Value::Table(section)) if !rest.is_empty() => remove(section, rest),
        _ => table.remove(*key).is_some(),
    }
}

fn describe(path: &Path, error: &ValueError, origins: &Origins) -> String {
    match error {
        ValueError::UnknownKey { known } => {
            let known = known.join(", ");
            let from = origin(path, origins);
            match keys(path).split_last() {
                Some((_, section)) if !section.is_empty() => {
                    let section = section.join(".");
                    format!("{path}: unknown key{from}; known keys in [{section}]: {known}")
                }
                _ => format!("{path}: unknown key{from}; known keys: {known}"),
            }
        }
        ValueError::MissingKey { key } => format!("{path}.{key}: {error}"),
        _ => format!("{path}: {error}"),
    }
}

/// The environment variable that set this key or a key below it, as text to append to the error
/// message. The message names the variable because the key might not appear in any file.
fn origin(path: &Path, origins: &Origins) -> String {
    let key = path.to_string();
    let found = origins.iter().find(|(set, _)| {
        let below = set.strip_prefix(&key);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    found.map_or_else(String::new, |(_, name)| format!(" (from {name})"))
}

/// Why a value cannot be deserialized. If a value has the wrong type, the message does not contain
/// the value, which may be a secret under the wrong key.
#[derive(Debug, thiserror::Error)]
enum ValueError {
    #[error("unknown key")]
    UnknownKey { known: &'static [&'static str] },
    #[error("this key is required")]
    MissingKey { key: &'static str },
    #[error("expected {expected}, found {found}")]
    WrongType {
        expected: String,
        found: &'static str,
    },
    #[error("{value:?} is not one of {}", quoted(known))]
    UnknownVariant {
        value: String,
        known: &'static [&'static str],
    },
    #[error("{0}")]
    Invalid(String),
}

fn quoted(texts: &[&str]) -> String {
    let quoted: Vec<_> = texts.iter().map(|text| format!("{text:?}")).collect();
    quoted.join(", ")
}

impl Error for ValueError {
    fn custom<T: core::fmt::Display>(message: T) -> Self {
        Self::Invalid(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        Self::WrongType {
            expected: match expected.as_str() {
                // Serde's terms; the documentation calls these a section and an array.
                "a map" => "a section".to_owned(),
                "a sequence" => "an array".to_owned(),
                _ => expected,
            },
            found: match found {
                Unexpected::Bool(_) => "a boolean",
                Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
                Unexpected::Float(_) => "a float",
                Unexpected::Char(_) | Unexpected::Str(_) => "a string",
                Unexpected::Seq => "an array",
                Unexpected::Map => "a table",
                Unexpected::Other("date") => "a date",
                _ => "a value of another type",
            },
        }
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(_: &str, known: &'static [&'static str]) -> Self {
        Self::UnknownKey { known }
    }

    fn unknown_variant(value: &str, known: &'static [&'static str]) -> Self {
        let value = value.to_owned();
        Self::UnknownVariant { value, known }
    }

    fn missing_field(key: &'static str) -> Self {
        Self::MissingKey { key }
    }
}

/// A value of the configuration as a serde deserializer.
struct ValueDeserializer(Value);

impl<'de> Deserializer<'de> for ValueDeserializer {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            Value::Integer(number) => visitor.visit_i64(number),
            Value::Float(number) => visitor.visit_f64(number),
            Value::Boolean(flag) => visitor.visit_bool(flag),
            // No key has a date as its value.
            Value::Datetime(_) => Err(ValueError::invalid_type(
                Unexpected::Other("date"),
                &visitor,
            )),
            Value::Array(items) => {
                visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(Self)))
            }
            Value::Table(table) => {
                let entries = table.into_iter().map(|(key, value)| (key, Self(value)));
                visitor.visit_map(MapDeserializer::new(entries))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    /// Enums only have variants without content, which are written as strings.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(text.into_deserializer()),
            _ => Self::deserialize_any(self, visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, ValueError> for ValueDeserializer {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
