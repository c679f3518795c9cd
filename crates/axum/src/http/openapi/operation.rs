//! One operation of the OpenAPI document: a method of a path, what it accepts and how it responds.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_types::{ErrorCode, OAuthError, Problem};
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::schemas::Schemas;
use crate::http::error::ErrorFormat;

/// The name of the security scheme for bearer tokens.
pub(super) const ACCESS_TOKEN: &str = "accessToken";
/// The name of the security scheme for bound tokens.
pub(super) const DPOP: &str = "dpop";

/// Why an access token is refused.
const TOKEN_REFUSED: [ErrorCode; 7] = [
    ErrorCode::TokenMissing,
    ErrorCode::TokenInvalid,
    ErrorCode::TokenExpired,
    ErrorCode::TokenRevoked,
    ErrorCode::UseDpopNonce,
    ErrorCode::InvalidDpopProof,
    ErrorCode::KeyMismatch,
];

/// An operation.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    tag: &'static str,
    id: &'static str,
    summary: &'static str,
    format: ErrorFormat,
    requires_token: bool,
    parameters: Vec<Value>,
    body: Option<Value>,
    responses: BTreeMap<u16, Value>,
    errors: BTreeMap<u16, BTreeSet<&'static str>>,
}

impl Operation {
    /// An operation with the parameters of its path and the errors that every operation has.
    pub(super) fn new(
        tag: &'static str,
        (method, path): (&'static str, &'static str),
        id: &'static str,
        summary: &'static str,
    ) -> Self {
        let operation = Self {
            method,
            path,
            tag,
            id,
            summary,
            format: ErrorFormat::Problem,
            requires_token: false,
            parameters: path_parameters(path),
            body: None,
            responses: BTreeMap::new(),
            errors: BTreeMap::new(),
        };
        // The envelope around all routes reads every body, limits its size, and limits the time of
        // the request.
        operation
            .error(408, &[ErrorCode::Timeout])
            .error(413, &[ErrorCode::PayloadTooLarge])
            .error(500, &[ErrorCode::Internal])
            .error(503, &[ErrorCode::Timeout])
    }

    /// Errors in the form of RFC 6749 §5.2.
    pub(super) fn oauth(mut self) -> Self {
        self.format = ErrorFormat::OAuth;
        self
    }

    /// Adds error codes with a status.
    pub(super) fn error(mut self, status: u16, codes: &[ErrorCode]) -> Self {
        let known = self.errors.entry(status).or_default();
        known.extend(codes.iter().map(|code| code.as_str()));
        self
    }

    /// The store or the rate limits may refuse the request.
    pub(super) fn limited(self) -> Self {
        self.error(429, &[ErrorCode::TooManyRequests]).stored()
    }

    /// The operation uses the store.
    pub(super) fn stored(self) -> Self {
        self.error(503, &[ErrorCode::StoreUnavailable])
    }

    /// The request has input that can be malformed.
    fn malformed(self) -> Self {
        self.error(400, &[ErrorCode::InvalidRequest])
    }

    /// Requires an access token.
    pub(super) fn signed_in(mut self) -> Self {
        self.requires_token = true;
        self.malformed().error(401, &TOKEN_REFUSED).limited()
    }

    /// Requires a recent sign-in.
    pub(super) fn recent(self) -> Self {
        self.error(401, &[ErrorCode::StepUpRequired])
    }

    /// Requires the role `admin`.
    pub(super) fn admin(self) -> Self {
        self.signed_in().error(403, &[ErrorCode::Forbidden])
    }

    /// A query parameter. If it is optional, an empty value means the same as no parameter (RFC 6749
    /// §3.1).
    pub(super) fn query(
        mut self,
        name: &str,
        is_required: bool,
        schema: &Value,
        description: &str,
    ) -> Self {
        self.parameters.push(json!({
            "name": name,
            "in": "query",
            "required": is_required,
            "allowEmptyValue": !is_required,
            "schema": schema,
            "description": description,
        }));
        self.malformed()
    }

    /// The parameters of a paginated list.
    pub(super) fn paged(self) -> Self {
        let limit = json!({ "type": "integer", "minimum": 1, "default": 50 });
        self.query(
            "before",
            false,
            &json!({ "type": "string" }),
            "`next` of the previous page.",
        )
        .query(
            "limit",
            false,
            &limit,
            "The number of entries; at most 100 are returned.",
        )
    }

    /// A header.
    pub(super) fn header(mut self, name: &str, description: &str) -> Self {
        self.parameters.push(json!({
            "name": name,
            "in": "header",
            "required": false,
            "schema": { "type": "string" },
            "description": description,
        }));
        self
    }

    /// A body in JSON.
    pub(super) fn json<T: JsonSchema>(mut self, schemas: &mut Schemas, is_required: bool) -> Self {
        self.body = Some(json!({
            "required": is_required,
            "content": { "application/json": { "schema": schemas.of_request::<T>() } },
        }));
        self.malformed()
            .error(415, &[ErrorCode::UnsupportedMediaType])
    }

    /// A form.
    pub(super) fn form(mut self, schema: &Value) -> Self {
        let content = json!({ "application/x-www-form-urlencoded": { "schema": schema } });
        self.body = Some(json!({ "required": true, "content": content }));
        self.malformed()
    }

    /// A successful response with a JSON body.
    pub(super) fn ok<T: JsonSchema>(self, schemas: &mut Schemas, description: &str) -> Self {
        let schema = schemas.of_response::<T>();
        self.responds(200, description, "application/json", &schema)
    }

    /// A successful response with this body.
    pub(super) fn responds(
        mut self,
        status: u16,
        description: &str,
        media_type: &str,
        schema: &Value,
    ) -> Self {
        let content = json!({ media_type: { "schema": schema } });
        let response = json!({ "description": description, "content": content });
        self.responses.insert(status, response);
        self
    }

    /// A successful response without a body.
    pub(super) fn empty(mut self, status: u16, description: &str) -> Self {
        let response = json!({ "description": description });
        self.responses.insert(status, response);
        self
    }

    /// The operation object (OpenAPI 3.1 §4.8.10).
    pub(super) fn document(self, schemas: &mut Schemas) -> Value {
        let (media_type, error) = match self.format {
            ErrorFormat::Problem => ("application/problem+json", schemas.of_response::<Problem>()),
            ErrorFormat::OAuth => ("application/json", schemas.of_response::<OAuthError>()),
        };
        let mut responses = self.responses;
        for (status, codes) in &self.errors {
            let codes: Vec<_> = codes.iter().copied().collect();
            let code = json!({ "properties": { "code": { "enum": &codes } } });
            let names: Vec<_> = codes.iter().map(|code| format!("`{code}`")).collect();
            let content = json!({ media_type: { "schema": { "allOf": [&error, code] } } });
            let response = json!({ "description": names.join(", "), "content": content });
            responses.insert(*status, response);
        }
        let responses: serde_json::Map<_, _> = responses
            .into_iter()
            .map(|(status, response)| (status.to_string(), response))
            .collect();
        let security = if self.requires_token {
            json!([{ ACCESS_TOKEN: [] }, { DPOP: [] }])
        } else {
            json!([])
        };
        let mut operation = json!({
            "tags": [self.tag],
            "operationId": self.id,
            "summary": self.summary,
            "security": security,
            "responses": responses,
        });
        if !self.parameters.is_empty() {
            operation["parameters"] = self.parameters.into();
        }
        if let Some(body) = self.body {
            operation["requestBody"] = body;
        }
        operation
    }
}

/// The parameters in a path such as `/api/sessions/{id}`.
fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?;
        name.strip_suffix('}')
    });
    let parameter = |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
    names.map(parameter).collect()
}
