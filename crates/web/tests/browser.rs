//! The pages in a real browser over a scripted network. They get the auth client from a context, and
//! this test provides its own. Runs in headless Chromium.

#![cfg(all(target_arch = "wasm32", feature = "hydrate"))]

use std::cell::RefCell;
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use latchkey_client::transport::ResponseFuture;
use latchkey_client::{Client, Request, Response, TokenStorage, Tokens, Transport};
use latchkey_web::App;
use latchkey_web::auth_client::AuthClient;
use leptos::mount::mount_to;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::HtmlElement;

wasm_bindgen_test_configure!(run_in_browser);

const ADA: &str = r#"{"sub":"1","email":"ada@example.com","email_verified":true,"roles":[],
    "session_id":"2","issued_at":0,"expires_at":0}"#;

/// Refuses the first request for the account and accepts the second.
#[derive(Default)]
struct Script {
    paths: RefCell<Vec<String>>,
}

impl Script {
    fn count(&self, path: &str) -> usize {
        let paths = self.paths.borrow();
        paths.iter().filter(|sent| *sent == path).count()
    }
}

struct Network(Rc<Script>);

impl Transport for Network {
    fn send(&self, request: Request) -> ResponseFuture {
        let script = Rc::clone(&self.0);
        script.paths.borrow_mut().push(request.path.clone());
        Box::pin(async move {
            let (status, body) = match (request.path.as_str(), script.count(&request.path)) {
                ("/api/me", 1) => (404, "{}"),
                ("/api/me", _) => (200, ADA),
                _ => (200, "{}"),
            };
            Ok(Response {
                status,
                body: body.to_owned(),
                ..Response::default()
            })
        })
    }
}

/// Stores tokens where the client looks for them.
fn store_tokens() {
    let tokens = Tokens {
        access_token: "access".to_owned(),
        refresh_token: "refresh".to_owned(),
        access_expires_at: u64::MAX,
        refresh_expires_at: u64::MAX,
        access_lifetime: 600_000,
        account: Some("1".to_owned()),
        bound: false,
        key: None,
        nonce: None,
    };
    let tokens = serde_json::to_string(&tokens).expect("JSON");
    let storage = window().local_storage().expect("access").expect("storage");
    storage.set_item("latchkey.tokens", &tokens).expect("room");
}

async fn wait_for_text(element: &HtmlElement, text: &str) {
    for _ in 0..2_000 {
        if element
            .text_content()
            .is_some_and(|shown| shown.contains(text))
        {
            return;
        }
        TimeoutFuture::new(5).await;
    }
    panic!("no {text:?} in {:?}", element.text_content());
}

#[wasm_bindgen_test]
async fn pages_use_the_client_in_the_context() {
    store_tokens();
    let script = Rc::new(Script::default());
    let client = Client::with(TokenStorage::open(), Rc::new(Network(Rc::clone(&script))));
    let element = document().create_element("div").expect("an element");
    let element: HtmlElement = element.unchecked_into();
    let body = document().body().expect("a body");
    body.append_child(&element).expect("a child");
    let app = mount_to(element.clone(), move || {
        provide_context(AuthClient::new(client));
        view! { <App /> }
    });

    // The sign-in page leads to the account page, whose first request fails.
    wait_for_text(
        &element,
        "The server returned an error. Try again in a minute.",
    )
    .await;
    let retry = element.query_selector(".c-error-card button");
    let retry: HtmlElement = retry.expect("valid").expect("a button").unchecked_into();
    retry.click();
    wait_for_text(&element, "ada@example.com").await;
    assert_eq!(script.count("/api/me"), 2);
    drop(app);
}
