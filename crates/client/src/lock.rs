//! Locks shared by all tabs of this origin (Web Locks). The refresh lock ensures that a single
//! tab refreshes, while the other tabs wait and then find its tokens in storage. A second lock elects
//! the tab that opens the event stream.
//!
//! The bindings are written by hand, because those of web-sys need a compiler flag. Without Web
//! Locks the client works without locks: the server can tell concurrent tabs from a thief.

use std::cell::RefCell;
use std::rc::Rc;

use futures_channel::oneshot;
use gloo_timers::callback::Timeout;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::AbortController;

use crate::browser;
use crate::fetch;

const REFRESH: &str = "latchkey.refresh";
const EVENTS: &str = "latchkey.events";

/// The longest time a working tab holds the refresh lock, in milliseconds: its request times out
/// before this. A tab that holds the lock for longer has been frozen by the browser.
const HOLD_TIMEOUT: u32 = fetch::RESPONSE_TIMEOUT + 5_000;

/// Holds a lock until it is dropped.
#[derive(Debug)]
pub(crate) struct LockGuard(Option<Function>);

impl Drop for LockGuard {
    fn drop(&mut self) {
        if let Some(release) = self.0.take() {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Waits until this tab is elected leader for the event stream. There is no timeout.
pub(crate) async fn acquire_leadership() -> LockGuard {
    match manager() {
        Some(manager) => request(&manager, EVENTS, LockMode::Queue).await,
        None => None,
    }
    .unwrap_or(LockGuard(None))
}

/// Waits for the refresh lock. Steals it after [`HOLD_TIMEOUT`].
pub(crate) async fn acquire() -> LockGuard {
    let Some(manager) = manager() else {
        return LockGuard(None);
    };
    match request(&manager, REFRESH, LockMode::Timed).await {
        Some(guard) => guard,
        None => request(&manager, REFRESH, LockMode::Steal)
            .await
            .unwrap_or(LockGuard(None)),
    }
}

enum LockMode {
    Queue,
    Timed,
    Steal,
}

/// One call of `navigator.locks.request`. `None` if the lock was not acquired.
async fn request(manager: &JsValue, name: &str, mode: LockMode) -> Option<LockGuard> {
    let options = Object::new();
    let _timeout = match mode {
        LockMode::Queue => None,
        LockMode::Timed => {
            let abort = AbortController::new().ok()?;
            Reflect::set(&options, &"signal".into(), &abort.signal()).ok()?;
            Some(Timeout::new(HOLD_TIMEOUT, move || abort.abort()))
        }
        LockMode::Steal => {
            Reflect::set(&options, &"steal".into(), &true.into()).ok()?;
            None
        }
    };
    let (sender, receiver) = oneshot::channel();
    let sender = Rc::new(RefCell::new(Some(sender)));
    let granted = {
        let sender = Rc::clone(&sender);
        // The lock is held until the promise returned here is resolved.
        Closure::once_into_js(move |_lock: JsValue| {
            Promise::new(&mut |release, _| {
                if let Some(sender) = sender.borrow_mut().take() {
                    let _ = sender.send(Some(LockGuard(Some(release))));
                }
            })
        })
    };
    let call: Function = Reflect::get(manager, &"request".into())
        .ok()?
        .dyn_into()
        .ok()?;
    let done: Promise = call
        .call3(manager, &name.into(), &options, &granted)
        .ok()?
        .dyn_into()
        .ok()?;
    spawn_local(async move {
        // Rejected on abort, or when the lock is stolen; both are handled elsewhere.
        let _ = JsFuture::from(done).await;
        if let Some(sender) = sender.borrow_mut().take() {
            let _ = sender.send(None);
        }
    });
    receiver.await.ok().flatten()
}

fn manager() -> Option<JsValue> {
    let navigator = browser::window()?.navigator();
    let manager = Reflect::get(&navigator, &"locks".into()).ok()?;
    manager.is_object().then_some(manager)
}
