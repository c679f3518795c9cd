//! `GET /openapi.json` and `GET /docs`: the documentation of the HTTP API. The page is plain HTML
//! without scripts and loads nothing from another origin.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use latchkey_axum::Latchkey;
use latchkey_types::paths;
use serde_json::{Map, Value};

use super::assets::Assets;

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// The header of the app's pages, with a link back to the app.
const HEADER: &str = "<header class=\"c-header\"><div class=\"c-header-inner\">\
                      <a class=\"c-brand\" href=\"/\"><span class=\"c-mark\" aria-hidden=\"true\">\
                      </span><span>Latchkey</span></a></div></header>";

/// The OpenAPI document.
pub(super) async fn document(State(latchkey): State<Latchkey>) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, json)], latchkey.openapi().to_string()).into_response()
}

/// The document as a page.
pub(super) async fn page(
    State(latchkey): State<Latchkey>,
    State(assets): State<Arc<Assets>>,
) -> Response {
    let html = render(&latchkey.openapi(), &assets.page_head());
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-cache"),
    ];
    (StatusCode::OK, headers, html).into_response()
}

fn render(document: &Value, head: &str) -> String {
    let mut page = Page(String::new());
    let info = &document["info"];
    page.html(&format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>HTTP API · Latchkey</title>\
         {head}</head><body>{HEADER}<main id=\"main\" class=\"p-docs\"><h1>HTTP API</h1>"
    ));
    page.paragraph(info["description"].as_str().unwrap_or_default());
    page.html(&format!(
        "<p><a href=\"{}\">The OpenAPI document</a> contains the same information for programs. Version {}.</p>",
        paths::OPENAPI,
        escape(info["version"].as_str().unwrap_or_default()),
    ));
    let operations = operations(document);
    let tags = document["tags"].as_array();
    let tags = || tags.into_iter().flatten();
    page.contents(tags().map(|tag| tag["name"].as_str().unwrap_or_default()));
    for tag in tags() {
        let name = tag["name"].as_str().unwrap_or_default();
        page.html(&format!(
            "<section id=\"{}\"><h2>{}</h2>",
            escape(&anchor(name)),
            escape(&title(name))
        ));
        page.paragraph(tag["description"].as_str().unwrap_or_default());
        for operation in &operations {
            if operation.value["tags"][0] == name {
                page.operation(operation);
            }
        }
        page.html("</section>");
    }
    page.html("<section id=\"schemas\"><h2>Schemas</h2>");
    for (name, schema) in members(&document["components"]["schemas"]) {
        page.schema(name, schema);
    }
    page.html("</section></main></body></html>");
    page.0
}

/// An operation of the document.
struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    value: &'a Value,
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut all = Vec::new();
    for (path, methods) in members(&document["paths"]) {
        for (method, value) in members(methods) {
            all.push(Operation {
                method,
                path,
                value,
            });
        }
    }
    all
}

/// A page that is being written. All text from the document is escaped.
struct Page(String);

impl Page {
    fn html(&mut self, html: &str) {
        self.0.push_str(html);
    }

    /// A paragraph. Text between backticks is shown as code.
    fn paragraph(&mut self, text: &str) {
        if !text.is_empty() {
            self.html(&format!("<p>{}</p>", with_code(text)));
        }
    }

    /// Links to the sections.
    fn contents<'a>(&mut self, tags: impl Iterator<Item = &'a str>) {
        self.html("<nav aria-label=\"Sections\"><ul class=\"p-docs-contents\">");
        for name in tags.chain(["schemas"]) {
            self.html(&format!(
                "<li><a href=\"#{}\">{}</a></li>",
                escape(&anchor(name)),
                escape(&title(name))
            ));
        }
        self.html("</ul></nav>");
    }

    fn operation(&mut self, operation: &Operation<'_>) {
        let value = operation.value;
        let id = escape(value["operationId"].as_str().unwrap_or_default());
        self.html(&format!(
            "<article id=\"{id}\"><h3><code>{} {}</code></h3>",
            escape(&operation.method.to_uppercase()),
            escape(operation.path)
        ));
        let summary = value["summary"].as_str().unwrap_or_default();
        self.paragraph(&format!("{summary}."));
        if value["security"]
            .as_array()
            .is_some_and(|it| !it.is_empty())
        {
            self.paragraph("Requires an access token.");
        }
        let parameters = value["parameters"].as_array().into_iter().flatten();
        let rows: Vec<_> = parameters.map(parameter).collect();
        self.table(["Parameter", "In", "Type", "Meaning"], &rows);
        for (media_type, content) in members(&value["requestBody"]["content"]) {
            self.html(&format!(
                "<p>Body: <code>{}</code>, {}</p>",
                escape(media_type),
                type_of(&content["schema"])
            ));
            self.properties(&content["schema"]);
        }
        let responses: Vec<_> = members(&value["responses"]).map(response).collect();
        self.table(["Status", "Meaning", "Body"], &responses);
        self.html("</article>");
    }

    fn schema(&mut self, name: &str, schema: &Value) {
        let name = escape(name);
        self.html(&format!(
            "<article id=\"schema-{name}\"><h3><code>{name}</code></h3>"
        ));
        self.paragraph(schema["description"].as_str().unwrap_or_default());
        self.properties(schema);
        let choices = schema["oneOf"].as_array().into_iter().flatten();
        let rows: Vec<_> = choices
            .map(|choice| [type_of(choice), text(&choice["description"])])
            .collect();
        self.table(["Value", "Meaning"], &rows);
        if let Some(values) = schema["enum"].as_array() {
            let values: Vec<_> = values.iter().map(code).collect();
            self.html(&format!("<p>One of {}.</p>", values.join(", ")));
        }
        self.html("</article>");
    }

    fn properties(&mut self, schema: &Value) {
        let required = schema["required"].as_array();
        let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|it| it == name));
        let rows: Vec<_> = members(&schema["properties"])
            .map(|(name, property)| {
                let presence = if is_required(name) {
                    "always"
                } else {
                    "optional"
                };
                [
                    format!("<code>{}</code>", escape(name)),
                    type_of(property),
                    presence.to_owned(),
                    text(&property["description"]),
                ]
            })
            .collect();
        self.table(["Member", "Type", "Present", "Meaning"], &rows);
    }

    fn table<const N: usize>(&mut self, heads: [&str; N], rows: &[[String; N]]) {
        if rows.is_empty() {
            return;
        }
        self.html("<div class=\"p-docs-table\" tabindex=\"0\"><table><thead><tr>");
        for head in heads {
            self.html(&format!("<th scope=\"col\">{head}</th>"));
        }
        self.html("</tr></thead><tbody>");
        for row in rows {
            self.html("<tr>");
            for cell in row {
                self.html(&format!("<td>{cell}</td>"));
            }
            self.html("</tr>");
        }
        self.html("</tbody></table></div>");
    }
}

fn parameter(parameter: &Value) -> [String; 4] {
    let name = escape(parameter["name"].as_str().unwrap_or_default());
    let required = if parameter["required"] == true {
        ", required"
    } else {
        ""
    };
    [
        format!("<code>{name}</code>"),
        format!("{}{required}", text(&parameter["in"])),
        type_of(&parameter["schema"]),
        text(&parameter["description"]),
    ]
}

fn response((status, response): (&str, &Value)) -> [String; 3] {
    let body: Vec<_> = members(&response["content"])
        .map(|(media_type, content)| {
            let kind = type_of(&content["schema"]);
            format!("<code>{}</code> {kind}", escape(media_type))
        })
        .collect();
    [
        format!("<code>{}</code>", escape(status)),
        text(&response["description"]),
        body.join("<br>"),
    ]
}

/// A schema in a few words, with links to named schemas.
fn type_of(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        let name = escape(name.rsplit('/').next().unwrap_or(name));
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    if !schema["const"].is_null() {
        return code(&schema["const"]);
    }
    // In an error response, the second schema lists the codes. It is omitted here, because the
    // description contains them.
    if let Some([first, ..]) = schema["allOf"].as_array().map(Vec::as_slice) {
        return type_of(first);
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<_> = values.iter().map(code).collect();
        return values.join(", ");
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let choices: Vec<_> = choices.iter().map(type_of).collect();
        return choices.join(" or ");
    }
    let names = match &schema["type"] {
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        Value::String(name) => vec![name.as_str()],
        _ if schema["properties"].is_object() => vec!["object"],
        _ => Vec::new(),
    };
    let type_name = |name| match name {
        "array" => format!("array of {}", type_of(&schema["items"])),
        _ => escape(name),
    };
    let names: Vec<_> = names.into_iter().map(type_name).collect();
    names.join(" or ")
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flat_map(Map::iter);
    members.map(|(name, value)| (name.as_str(), value))
}

fn code(value: &Value) -> String {
    let plain = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    format!("<code>{}</code>", escape(&plain))
}

fn text(value: &Value) -> String {
    with_code(value.as_str().unwrap_or_default())
}

/// The text as HTML, with `<code>` elements for the parts between backticks.
fn with_code(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = escape(part);
        let _ = if index % 2 == 0 {
            write!(html, "{part}")
        } else {
            write!(html, "<code>{part}</code>")
        };
    }
    html
}

/// A tag as a heading: `sign-in` becomes `Sign-in`.
fn title(tag: &str) -> String {
    let mut letters = tag.chars();
    let first = letters.next().map(|it| it.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// The id of a section.
fn anchor(name: &str) -> String {
    name.replace(' ', "-").to_lowercase()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{render, type_of};

    #[test]
    fn schemas_with_several_types_are_shown() {
        for (schema, shown) in [
            (json!({ "type": ["string", "null"] }), "string or null"),
            (
                json!({ "type": ["array", "null"], "items": { "type": "string" } }),
                "array of string or null",
            ),
            (
                json!({ "anyOf": [{ "$ref": "#/components/schemas/A" }, { "type": "null" }] }),
                "<a href=\"#schema-A\">A</a> or null",
            ),
        ] {
            assert_eq!(type_of(&schema), shown);
        }
    }

    #[test]
    fn text_from_the_document_is_escaped() {
        let document = json!({
            "info": { "description": "<script> `a<b`", "version": "<1>" },
            "tags": [{ "name": "x<y", "description": "\"&" }],
            "paths": { "/<p>": { "get": {
                "tags": ["x<y"], "operationId": "<id>", "summary": "<s>",
                "parameters": [{ "name": "<n>", "in": "query", "schema": { "type": "<t>" } }],
                "responses": { "<200>": { "description": "<d>" } },
            } } },
            "components": { "schemas": { "<S>": { "description": "<d>" } } },
        });
        let page = render(&document, "");
        assert!(page.contains("<a class=\"c-brand\" href=\"/\">"), "{page}");
        for text in [
            "<script>", "<1>", "x<y", "<p>/", "<id>", "<s>.", "<n>", "<t>", "<200>", "<d>", "<S>",
        ] {
            assert!(!page.contains(text), "{text}: {page}");
        }
        assert!(
            page.contains("&lt;script&gt; <code>a&lt;b</code>"),
            "{page}"
        );
    }
}
