//! Sends requests, and checks that their responses are documented.

use std::collections::BTreeSet;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::document::Document;
use crate::app::TestApp;
use latchkey_testing::header;

pub(super) struct Walk<'a> {
    pub(super) app: &'a TestApp,
    pub(super) document: Document,
    pub(super) seen: BTreeSet<(String, u16)>,
}

impl Walk<'_> {
    /// Sends a request, and checks that its response is documented.
    pub(super) async fn send(&mut self, request: RequestBuilder) -> Value {
        let (client, request) = request.build_split();
        let request = request.expect("a request");
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = client.execute(request).await.expect("a response");
        self.check(&method, &path, response).await
    }

    pub(super) async fn check(&mut self, method: &Method, path: &str, response: Response) -> Value {
        let operation = self.document.operation(method, path);
        let status = response.status().as_u16();
        let name = format!("{method} {path}: {status}");
        let Some(documented) = operation.responses.get(&status.to_string()) else {
            panic!(
                "{name} is not documented: {}",
                response.text().await.expect("text")
            );
        };
        let seen = (operation.id.clone(), status);
        let media_type = header(&response, "content-type");
        let media_type = media_type.split(';').next().unwrap_or_default().to_owned();
        let mut value = Value::Null;
        if documented["content"].is_null() {
            let body = response.bytes().await.expect("a body");
            assert!(body.is_empty(), "{name} has a body");
        } else {
            assert!(
                documented["content"].get(&media_type).is_some(),
                "{name} has the media type {media_type}"
            );
            if media_type.ends_with("json") {
                value = response.json().await.expect("JSON");
                // A JSON pointer (RFC 6901) in a URI fragment.
                let escaped = |text: &str| {
                    let text = text.replace('~', "~0").replace('/', "~1");
                    text.replace('{', "%7B").replace('}', "%7D")
                };
                let mut schema = self.document.strict.clone();
                schema["$ref"] = json!(format!(
                    "#/paths/{}/{}/responses/{status}/content/{}/schema",
                    escaped(&operation.path),
                    method.as_str().to_lowercase(),
                    escaped(&media_type)
                ));
                let validator = jsonschema::validator_for(&schema).expect("a schema");
                let errors: Vec<_> = validator
                    .iter_errors(&value)
                    .map(|error| format!("{}: {error}", error.instance_path()))
                    .collect();
                assert!(errors.is_empty(), "{name}: {errors:?}\n{value:#}");
            }
        }
        self.seen.insert(seen);
        value
    }

    pub(super) fn request(
        &self,
        method: &Method,
        path: &str,
        token: Option<&str>,
    ) -> RequestBuilder {
        let url = format!("{}{path}", self.app.url);
        let request = self.app.http.request(method.clone(), url);
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(super) async fn get(&mut self, path: &str, token: Option<&str>) -> Value {
        self.send(self.request(&Method::GET, path, token)).await
    }

    pub(super) async fn delete(&mut self, path: &str, token: &str) -> Value {
        self.send(self.request(&Method::DELETE, path, Some(token)))
            .await
    }

    pub(super) async fn post(&mut self, path: &str, token: &str, body: &Value) -> Value {
        let request = self.request(&Method::POST, path, Some(token));
        self.send(request.json(body)).await
    }
}
