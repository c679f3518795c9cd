//! JSON Schemas of the wire types.

use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};

/// Generates schemas and collects those of named types. Requests and responses differ: a member with
/// a default may be absent from a request, but is present in a response.
pub(super) struct Schemas {
    requests: SchemaGenerator,
    responses: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|it| {
            it.definitions_path = "/components/schemas".into();
            it.meta_schema = None;
        });
        Self {
            requests: settings.clone().for_deserialize().into_generator(),
            responses: settings.for_serialize().into_generator(),
        }
    }
}

impl Schemas {
    /// The schema of the body of a request, or a reference to it.
    pub(super) fn of_request<T: JsonSchema>(&mut self) -> Value {
        self.requests.subschema_for::<T>().to_value()
    }

    /// The schema of the body of a response, or a reference to it.
    pub(super) fn of_response<T: JsonSchema>(&mut self) -> Value {
        self.responses.subschema_for::<T>().to_value()
    }

    /// The schemas of the named types that were used. A type that is used in both directions has the
    /// schema of responses.
    pub(super) fn definitions(mut self) -> Map<String, Value> {
        let mut definitions = self.requests.take_definitions(false);
        transform(&mut definitions, simplify);
        let mut of_responses = self.responses.take_definitions(false);
        transform(&mut of_responses, |schema| {
            simplify(schema);
            remove_null(schema);
        });
        definitions.extend(of_responses);
        definitions
    }
}

fn transform(definitions: &mut Map<String, Value>, change: impl FnMut(&mut Schema)) {
    let mut change = RecursiveTransform(change);
    for definition in definitions.values_mut() {
        if let Ok(schema) = <&mut Schema>::try_from(definition) {
            change.transform(schema);
        }
    }
}

/// Removes what only Rust needs: formats such as `uint64`, defaults, and links to items.
fn simplify(schema: &mut Schema) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    members.remove("format");
    members.remove("default");
    if let Some(Value::String(text)) = members.get_mut("description") {
        *text = without_links(text);
    }
}

/// Removes `null` from the schema of a response: responses omit unknown values. Requests may contain
/// `null` instead of omitting a value, so their schemas keep it.
fn remove_null(schema: &mut Schema) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    if let Some(Value::Array(types)) = members.get_mut("type") {
        types.retain(|it| it != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            members.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
        choices.retain(|it| it.get("type").is_none_or(|it| it != "null"));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            members.remove("anyOf");
            members.extend(only);
        }
    }
}

/// Replaces links to Rust items by their text: ``[`Ready`](Self::Ready)`` becomes `` `Ready` ``.
fn without_links(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[`") {
        plain.push_str(before);
        let Some((item, after)) = after.split_once("`]") else {
            plain.push_str("[`");
            rest = after;
            continue;
        };
        let name = item.rsplit("::").next().unwrap_or(item);
        plain.push('`');
        plain.push_str(name);
        plain.push('`');
        rest = match after.strip_prefix('(').and_then(|it| it.split_once(')')) {
            Some((_, after)) => after,
            None => after,
        };
    }
    plain.push_str(rest);
    plain.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::without_links;

    #[test]
    fn links_to_items_become_their_names() {
        let text = "For [`ActivityKind::Replayed`]: see [`b`](Self::b), [c] and [`d";
        assert_eq!(without_links(text), "For `Replayed`: see `b`, [c] and [`d");
    }
}
