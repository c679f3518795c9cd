//! JSON objects in which each member occurs once.

use core::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::validation_error::ValidationError;

/// The members of a JSON object.
pub(crate) type Object = Map<String, Value>;

/// Parses a JSON object and rejects duplicate top-level members: different parsers could read
/// different values of the same claim.
pub(crate) fn object(json: &[u8]) -> Result<Object, ValidationError> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let object = reader
        .deserialize_map(Unique)
        .map_err(|_| ValidationError::Malformed)?;
    reader.end().map_err(|_| ValidationError::Malformed)?;
    Ok(object)
}

struct Unique;

impl<'de> Visitor<'de> for Unique {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with unique members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Object, A::Error> {
        let mut object = Object::new();
        while let Some((name, value)) = members.next_entry::<String, Value>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(object)
    }
}
