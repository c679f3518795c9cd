//! A fake GitHub Enterprise Server on a free port: the site and its API are on one origin. The test
//! scripts its responses and inspects its requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::client::{ApiClient, Callback};
use crate::provider::{ReceivedRequest, ScriptedResponse, callback, locked};
use crate::scripted::{Bound, Serving};

/// The access token that the site issues.
const TOKEN: &str = "gho_scripted";

/// The responses of the site. They are valid at first; a test changes what it needs.
#[derive(Debug)]
pub struct GitHubScript {
    /// The response of `GET /user`.
    pub user: Value,
    /// The response of `GET /user/emails`.
    pub emails: Value,
    /// The token response for a valid code.
    pub tokens: Value,
    /// Responses by path, which replace those above.
    pub overrides: HashMap<&'static str, ScriptedResponse>,
    /// The delay before each response.
    pub pause: Duration,
    /// The requests that were received.
    pub requests: Vec<ReceivedRequest>,
    /// The PKCE challenges by authorization code.
    challenges: HashMap<String, String>,
}

/// A running site, which stops when this value is dropped. It issues codes for
/// [`approve`](Self::approve), checks them with PKCE, and accepts each once.
///
/// ```
/// use latchkey_testing::ScriptedGitHub;
/// use serde_json::json;
///
/// # #[tokio::main]
/// # async fn main() {
/// let github = ScriptedGitHub::start().await;
/// github.script().emails[0]["verified"] = json!(false);
/// assert_eq!(github.count(ScriptedGitHub::USER), 0);
/// # }
/// ```
#[derive(Debug)]
pub struct ScriptedGitHub {
    /// The URL of the site.
    pub url: String,
    script: Arc<Mutex<GitHubScript>>,
    _serving: Serving,
}

impl ScriptedGitHub {
    /// The client id of the app.
    pub const CLIENT_ID: &str = "Iv1.scripted";
    /// The client secret of the app.
    pub const CLIENT_SECRET: &str = "the-client-secret-of-the-app";
    /// The path of the token endpoint.
    pub const TOKEN: &str = "/login/oauth/access_token";
    /// The path of the endpoint for the user.
    pub const USER: &str = "/api/v3/user";
    /// The path of the endpoint for the user's email addresses.
    pub const EMAILS: &str = "/api/v3/user/emails";

    /// Starts a site with the user Ada.
    pub async fn start() -> Self {
        let bound = Bound::bind().await;
        let url = bound.url.clone();
        let script = Arc::new(Mutex::new(GitHubScript::valid()));
        let app = Router::new().fallback(handle).with_state(script.clone());
        Self {
            url,
            script,
            _serving: bound.serve(app),
        }
    }

    /// The script, to read or change the responses.
    pub fn script(&self) -> MutexGuard<'_, GitHubScript> {
        locked(&self.script)
    }

    /// The number of requests to a path.
    pub fn count(&self, path: &str) -> usize {
        let script = self.script();
        let requests = script.requests.iter();
        requests.filter(|request| request.path == path).count()
    }

    /// The last request to this path. Panics if there was none.
    pub fn last(&self, path: &str) -> ReceivedRequest {
        let script = self.script();
        let last = script.requests.iter().rfind(|request| request.path == path);
        last.expect("no request to this path").clone()
    }

    /// The configuration section for this site.
    pub fn section(&self, name: &str) -> String {
        format!(
            "[providers.{name}]\nkind = \"github\"\nissuer = \"{}\"\nclient_id = \"{}\"\n\
             client_secret = \"{}\"\n",
            self.url,
            Self::CLIENT_ID,
            Self::CLIENT_SECRET
        )
    }

    /// Signs the user in, in response to this authorization request, and returns the parameters of
    /// the callback.
    pub fn approve(&self, authorize: &Url) -> Callback {
        let request: Callback = authorize.query_pairs().into_owned().collect();
        let mut script = self.script();
        let code = format!("code-{}", script.challenges.len() + 1);
        let challenge = request["code_challenge"].clone();
        script.challenges.insert(code.clone(), challenge);
        callback(&request, &code)
    }

    /// Performs a complete sign-in with this site, which Latchkey's configuration calls `name`.
    /// Returns the response of the token endpoint.
    pub async fn sign_in(&self, client: &ApiClient, name: &str) -> reqwest::Response {
        let begun = client.begin(name).await;
        let callback = self.approve(&begun.authorize);
        client.finish(&begun.cookie, &callback).await
    }
}

impl GitHubScript {
    fn valid() -> Self {
        Self {
            user: json!({
                "login": "ada",
                "id": 583_231,
                "node_id": "MDQ6VXNlcjU4MzIzMQ==",
                "type": "User",
                "name": "Ada Lovelace",
                "email": "public@example.com",
            }),
            emails: json!([
                {
                    "email": "ada@example.com",
                    "primary": true,
                    "verified": true,
                    "visibility": "private",
                },
                {
                    "email": "583231+ada@users.noreply.github.com",
                    "primary": false,
                    "verified": true,
                    "visibility": null,
                },
            ]),
            tokens: json!({
                "access_token": TOKEN,
                "token_type": "bearer",
                "scope": "read:user,user:email",
            }),
            overrides: HashMap::new(),
            pause: Duration::ZERO,
            requests: Vec::new(),
            challenges: HashMap::new(),
        }
    }

    fn respond(&mut self, request: &ReceivedRequest) -> ScriptedResponse {
        if let Some(response) = self.overrides.get(request.path.as_str()) {
            return response.clone();
        }
        match request.path.as_str() {
            ScriptedGitHub::TOKEN => self.token_response(&request.body),
            ScriptedGitHub::USER => authorized(request, &self.user),
            ScriptedGitHub::EMAILS => authorized(request, &self.emails),
            _ => ScriptedResponse::bytes(404, "text/plain", "not found"),
        }
    }

    /// The token response. Errors have status 200, too.
    fn token_response(&mut self, body: &str) -> ScriptedResponse {
        let form: HashMap<String, String> = form_urlencoded::parse(body.as_bytes())
            .into_owned()
            .collect();
        let is = |name: &str, value: &str| form.get(name).is_some_and(|sent| sent == value);
        let error = if is("client_id", ScriptedGitHub::CLIENT_ID)
            && is("client_secret", ScriptedGitHub::CLIENT_SECRET)
        {
            let hash = digest(&SHA256, form["code_verifier"].as_bytes());
            match self.challenges.remove(&form["code"]) {
                Some(challenge) if challenge == URL_SAFE_NO_PAD.encode(hash) => {
                    return ScriptedResponse::json(200, &self.tokens);
                }
                _ => "bad_verification_code",
            }
        } else {
            "incorrect_client_credentials"
        };
        ScriptedResponse::json(
            200,
            &json!({ "error": error, "error_description": "<html>" }),
        )
    }
}

/// The response of the API to a request with the token.
fn authorized(request: &ReceivedRequest, body: &Value) -> ScriptedResponse {
    let sent = request.headers.get("authorization");
    if sent.is_some_and(|sent| sent == &format!("Bearer {TOKEN}")) {
        ScriptedResponse::json(200, body)
    } else {
        ScriptedResponse::json(401, &json!({ "message": "Bad credentials" }))
    }
}

async fn handle(State(script): State<Arc<Mutex<GitHubScript>>>, request: Request) -> Response {
    let received = ReceivedRequest::read(request).await;
    let (scripted, pause) = {
        let mut script = locked(&script);
        let scripted = script.respond(&received);
        script.requests.push(received);
        (scripted, script.pause)
    };
    tokio::time::sleep(pause).await;
    scripted.into_response()
}
