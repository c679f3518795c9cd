//! A stand-in for the server, to look at the pages: serves Trunk's `dist`, renders the pages, and
//! answers the API from memory.
#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "a throw-away")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_types::{ProviderInfo, ProviderKind};
use latchkey_web::shell::{HeadHtml, head_of, shell};
use latchkey_web::{App, PageData};
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};

#[derive(Clone)]
struct Preview(Arc<Inner>);
struct Inner {
    options: LeptosOptions,
    head: HeadHtml,
    generation: AtomicU64,
    live: AtomicBool,
    return_to: Mutex<String>,
}
impl axum::extract::FromRef<Preview> for LeptosOptions {
    fn from_ref(p: &Preview) -> Self {
        p.0.options.clone()
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}
fn jwt(head: &str, claims: &str) -> String {
    let e = |s: &str| URL_SAFE_NO_PAD.encode(s);
    format!(
        "{}.{}.{}",
        e(head),
        e(claims),
        e(&format!("signature-of-{claims}"))
    )
}
fn json(status: u16, body: String) -> Response {
    (
        StatusCode::from_u16(status).unwrap(),
        [(header::CONTENT_TYPE, "application/json")],
        body,
    )
        .into_response()
}

fn context(p: &Preview) -> impl Fn() + Clone + Send + Sync + 'static + use<> {
    let _ = p;
    move || {
        provide_context(PageData {
            providers: vec![
                ProviderInfo {
                    id: "google".into(),
                    label: "Google".into(),
                    kind: ProviderKind::Google,
                },
                ProviderInfo {
                    id: "work".into(),
                    label: "Example Inc.".into(),
                    kind: ProviderKind::Oidc,
                },
                ProviderInfo {
                    id: "demo".into(),
                    label: "Demo account".into(),
                    kind: ProviderKind::Demo,
                },
            ],
            demo: true,
        });
        if let (Some(nonce), Some(response)) =
            (leptos::nonce::use_nonce(), use_context::<ResponseOptions>())
        {
            let csp = format!(
                "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
            );
            response.insert_header(
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_str(&csp).unwrap(),
            );
        }
    }
}

async fn fallback(State(p): State<Preview>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let file = format!("dist{path}");
    if let Ok(bytes) = tokio::fs::read(&file).await {
        let kind = match path.rsplit('.').next().unwrap() {
            "js" => "text/javascript",
            "wasm" => "application/wasm",
            "css" => "text/css",
            "svg" => "image/svg+xml",
            _ => "text/html",
        };
        return ([(header::CONTENT_TYPE, kind)], bytes).into_response();
    }
    let head = p.0.head.clone();
    let mut response =
        leptos_axum::render_app_to_stream_with_context(context(&p), move || shell(head.clone()))(
            request,
        )
        .await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

async fn token(State(p): State<Preview>, body: String) -> Response {
    let field = |name: &str| {
        body.split('&')
            .find_map(|kv| kv.strip_prefix(&format!("{name}=")).map(str::to_owned))
    };
    let grant = field("grant_type").unwrap_or_default();
    if grant == "authorization_code" {
        if field("code").as_deref() != Some("good") {
            return json(
                400,
                r#"{"error":"invalid_grant","code":"sign_in_not_found"}"#.into(),
            );
        }
        p.0.live.store(true, Ordering::SeqCst);
    } else if !p.0.live.load(Ordering::SeqCst) {
        return json(
            400,
            r#"{"error":"invalid_grant","code":"session_ended"}"#.into(),
        );
    }
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    let generation = p.0.generation.fetch_add(1, Ordering::SeqCst) + 1;
    let life: u64 = field("expires_in")
        .and_then(|s| s.parse().ok())
        .unwrap_or(600);
    let (iat, exp) = (now(), now() + life);
    let access = jwt(
        r#"{"alg":"ES256","kid":"Zk1uQ0ciZJ0m","typ":"at+jwt"}"#,
        &format!(
            r#"{{"iss":"http://127.0.0.1:7345","aud":"http://127.0.0.1:7345","sub":"Jx2rXkP3Q0ubmY9nC7v1xQ","client_id":"latchkey","iat":{iat},"exp":{exp},"jti":"t{generation}","sid":"u7Zq3r0qT1Kb2vVQmYcG1g","auth_time":{iat},"email":"ada@example.com","name":"Ada Lovelace","roles":["admin"]}}"#
        ),
    );
    let refresh = jwt(
        r#"{"alg":"HS256","typ":"rt+jwt"}"#,
        &format!(
            r#"{{"iss":"http://127.0.0.1:7345","aud":"http://127.0.0.1:7345/auth/token","sid":"u7Zq3r0qT1Kb2vVQmYcG1g","gen":{generation},"iat":{iat},"exp":{}}}"#,
            iat + 2_592_000
        ),
    );
    let mut out = format!(
        r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":{life},"refresh_token":"{refresh}","refresh_expires_in":2592000"#
    );
    if grant == "authorization_code" {
        out.push_str(&format!(
            r#","return_to":"{}""#,
            p.0.return_to.lock().unwrap()
        ));
    }
    out.push('}');
    json(200, out)
}

fn allowed(p: &Preview, headers: &HeaderMap) -> Result<(), Response> {
    let refuse = |code: &str| {
        json(
            401,
            format!(
                r#"{{"type":"about:blank","title":"Unauthorized","status":401,"detail":"","code":"{code}","request_id":"r"}}"#
            ),
        )
    };
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Err(refuse("token_missing"));
    };
    let claims = value
        .to_str()
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).unwrap_or_default()).unwrap();
    let exp: u64 = claims
        .split("\"exp\":")
        .nth(1)
        .and_then(|s| s.split(',').next())
        .and_then(|s| s.parse().ok())
        .unwrap_or(0);
    if !p.0.live.load(Ordering::SeqCst) {
        return Err(refuse("token_revoked"));
    }
    if exp <= now() {
        return Err(refuse("token_expired"));
    }
    Ok(())
}

#[tokio::main]
async fn main() {
    let index = std::fs::read_to_string("dist/index.html").expect("run trunk build first");
    let options = LeptosOptions::builder().output_name("latchkey-web").build();
    let p = Preview(Arc::new(Inner {
        options,
        head: head_of(&index).unwrap(),
        generation: AtomicU64::new(0),
        live: AtomicBool::new(true),
        return_to: Mutex::default(),
    }));
    let head = p.0.head.clone();
    let app = Router::new()
        .route("/auth/login", get(|State(p): State<Preview>, request: Request| async move {
            let query = request.uri().query().unwrap_or_default().to_owned();
            let back = query.split("return_to=").nth(1).unwrap_or("/account").to_owned();
            *p.0.return_to.lock().unwrap() = back;
            if query.contains("provider=work") { Redirect::to("/callback?error=access_denied&state=s") } else { Redirect::to("/callback?code=good&state=s") }
        }))
        .route("/auth/token", post(token))
        .route("/auth/logout", post(|State(p): State<Preview>, headers: HeaderMap| async move {
            if let Err(refused) = allowed(&p, &headers) { return refused; }
            p.0.live.store(false, Ordering::SeqCst);
            StatusCode::NO_CONTENT.into_response()
        }))
        .route("/auth/revoke", post(|State(p): State<Preview>| async move { p.0.live.store(false, Ordering::SeqCst); "" }))
        .route("/healthz", get(|| async { json(200, "{}".into()) }))
        .route("/api/", get(|| async { json(200, r#"{"message":"hello"}"#.into()) }))
        .route("/api/protected", get(|State(p): State<Preview>, headers: HeaderMap| async move {
            allowed(&p, &headers).err().unwrap_or_else(|| json(200, "{}".into()))
        }))
        .route("/api/me", get(|State(p): State<Preview>, headers: HeaderMap| async move {
            allowed(&p, &headers).err().unwrap_or_else(|| json(200, format!(r#"{{"sub":"Jx2rXkP3Q0ubmY9nC7v1xQ","email":"ada@example.com","name":"Ada Lovelace","roles":["admin"],"session_id":"u7Zq3r0qT1Kb2vVQmYcG1g","auth_time":{0},"issued_at":{0},"expires_at":{0}}}"#, now())))
        }))
        .leptos_routes_with_context(&p, generate_route_list(App), context(&p), move || shell(head.clone()))
        .fallback(fallback)
        .with_state(p);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:7345")
        .await
        .unwrap();
    eprintln!("listening on http://127.0.0.1:7345");
    let _: Option<Body> = None;
    axum::serve(listener, app).await.unwrap();
}
