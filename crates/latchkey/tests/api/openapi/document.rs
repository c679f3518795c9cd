//! The document that the server publishes, as the tests use it.

use latchkey_types::paths;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::TestApp;

/// A path whose parameters have values that match nothing on the server.
pub(super) fn filled(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment {
        "{id}" => "AAAAAAAAAAAAAAAAAAAAAA",
        other if other.starts_with('{') => "x",
        other => other,
    });
    segments.collect::<Vec<_>>().join("/")
}

pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) id: String,
    pub(super) requires_token: bool,
    pub(super) requires_admin: bool,
    pub(super) media_type: Option<String>,
    pub(super) responses: serde_json::Map<String, Value>,
}

pub(super) struct Document {
    /// The document, changed so that objects may only have the listed members.
    pub(super) strict: Value,
    pub(super) operations: Vec<Operation>,
}

impl Document {
    pub(super) async fn of(app: &TestApp) -> Self {
        let mut strict = app.get_json(paths::OPENAPI).await;
        let mut operations = Vec::new();
        for (path, methods) in strict["paths"].as_object().expect("paths") {
            for (method, value) in methods.as_object().expect("methods") {
                let content = value["requestBody"]["content"].as_object();
                let responses = value["responses"].as_object().expect("responses");
                operations.push(Operation {
                    method: method.to_uppercase().parse().expect("a method"),
                    path: path.clone(),
                    id: value["operationId"].as_str().expect("text").to_owned(),
                    requires_token: value["security"] != json!([]),
                    requires_admin: responses.contains_key("403") && value["security"] != json!([]),
                    media_type: content.and_then(|it| it.keys().next().cloned()),
                    responses: responses.clone(),
                });
            }
        }
        forbid_other_members(&mut strict);
        Self { strict, operations }
    }

    /// The operation of a request.
    pub(super) fn operation(&self, method: &Method, path: &str) -> &Operation {
        let matches = |template: &str| {
            template.split('/').count() == path.split('/').count()
                && template
                    .split('/')
                    .zip(path.split('/'))
                    .all(|(template, segment)| template.starts_with('{') || template == segment)
        };
        let mut found = self.operations.iter().filter(|it| it.method == *method);
        found
            .find(|it| matches(&it.path))
            .unwrap_or_else(|| panic!("{method} {path} is not documented"))
    }
}

fn forbid_other_members(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(forbid_other_members),
        Value::Object(members) => {
            if members.get("type").is_some_and(|it| it == "object")
                && members.contains_key("properties")
            {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
            members.values_mut().for_each(forbid_other_members);
        }
        _ => {}
    }
}
