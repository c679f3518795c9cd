//! Data that a page fetches from the server and keeps up to date. `components/async_view.rs` shows it.

use std::any::Any;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use latchkey_client::{CallError, Client};
use leptos::prelude::*;

use crate::auth_client::AuthClient;
use crate::session::{Account, Session};

/// The result of a fetch, or `None` while there is none.
pub(crate) type Fetched<T> = Option<Result<T, CallError>>;

/// A result and the account that it was fetched for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Response<T> {
    account: Account,
    result: Result<T, CallError>,
}

/// A fetch that runs again when the data may have changed.
pub(crate) struct Fetch<T> {
    resource: LocalResource<Option<Response<Payload>>>,
    latest: Memo<Option<Response<Payload>>>,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Fetch<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Fetch<T> {}

impl<T: PartialEq + Send + Sync + 'static> Fetch<T> {
    /// Runs `fetch` in the browser once a user is signed in. Runs it again when another account signs
    /// in, when the server becomes reachable, and when there is a change in a signal that `fetch`
    /// reads before its first `await`.
    pub(crate) fn refetch_on_reconnect<F>(
        session: Session,
        client: AuthClient,
        fetch: impl Fn(Client) -> F + 'static,
    ) -> Self
    where
        F: Future<Output = Result<T, CallError>> + 'static,
    {
        let resource = resource(
            session,
            client,
            Box::new(move |client| {
                let response = fetch(client);
                Box::pin(async move { response.await.map(Payload::new) })
            }),
        );
        let latest = Memo::new(move |previous: Option<&Option<Response<Payload>>>| {
            let account = session.account.get();
            let fresh = resource.get().flatten();
            latest_of(previous.and_then(Option::as_ref), fresh, &account)
        });
        Self {
            resource,
            latest,
            value: PhantomData,
        }
    }

    /// The latest success, or the latest error if no fetch has succeeded.
    pub(crate) fn get(self) -> Fetched<Arc<T>> {
        self.latest.track();
        self.get_untracked()
    }

    /// Like [`get`](Self::get), but the caller does not run again when the value changes.
    pub(crate) fn get_untracked(self) -> Fetched<Arc<T>> {
        match self.latest.get_untracked()?.result {
            Ok(payload) => payload.downcast().map(Ok),
            Err(error) => Some(Err(error)),
        }
    }

    /// Fetches again. The current result stays until there is a new one.
    pub(crate) fn refetch(self) {
        self.resource.refetch();
    }

    /// Clears the error and fetches again.
    pub(crate) fn retry(self) {
        self.resource.set(None);
        self.resource.refetch();
    }
}

/// A fetch with its value type erased.
type ErasedFetch = Box<dyn Fn(Client) -> Pin<Box<dyn Future<Output = Result<Payload, CallError>>>>>;

fn resource(
    session: Session,
    client: AuthClient,
    fetch: ErasedFetch,
) -> LocalResource<Option<Response<Payload>>> {
    LocalResource::new(move || {
        session.reconnects.track();
        let account = session.account.get();
        // While the server cannot be reached, a change of `reconnects` triggers the next attempt.
        let reachable = session.outage.with_untracked(Option::is_none);
        let result = (account.is_some() && reachable).then(|| fetch(client.get()));
        async move {
            let result = result?.await;
            Some(Response { account, result })
        }
    })
}

/// A type-erased value. Leptos compiles a resource for every value type, about ten kilobytes each.
#[derive(Clone)]
struct Payload {
    value: Arc<dyn Any + Send + Sync>,
    eq: fn(&dyn Any, &dyn Any) -> bool,
}

impl Payload {
    fn new<T: PartialEq + Send + Sync + 'static>(value: T) -> Self {
        Self {
            value: Arc::new(value),
            eq: |left, right| match (left.downcast_ref::<T>(), right.downcast_ref::<T>()) {
                (Some(left), Some(right)) => left == right,
                _ => false,
            },
        }
    }

    fn downcast<T: Send + Sync + 'static>(self) -> Option<Arc<T>> {
        self.value.downcast().ok()
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        (self.eq)(&*self.value, &*other.value)
    }
}

/// The result to show: the fresh one, unless it is an error and the previous one is a success. The
/// result of another account is never shown.
fn latest_of<T: Clone>(
    previous: Option<&Response<T>>,
    fresh: Option<Response<T>>,
    account: &Account,
) -> Option<Response<T>> {
    let fresh = fresh.filter(|fresh| fresh.account == *account);
    if let Some(fresh) = &fresh
        && fresh.result.is_ok()
    {
        return Some(fresh.clone());
    }
    let success = previous.filter(|it| it.account == *account && it.result.is_ok());
    success.cloned().or(fresh)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUCCESS: Result<u8, CallError> = Ok(1);
    const NEW_SUCCESS: Result<u8, CallError> = Ok(2);
    const FAILED: Result<u8, CallError> = Err(CallError::Unreachable);

    fn of(account: &str, result: Result<u8, CallError>) -> Response<u8> {
        let account = Some(Some(account.to_owned()));
        Response { account, result }
    }

    fn latest(previous: Option<&Response<u8>>, fresh: Option<Response<u8>>) -> Fetched<u8> {
        let account = Some(Some("ada".to_owned()));
        latest_of(previous, fresh, &account).map(|response| response.result)
    }

    #[test]
    fn payloads_are_equal_if_their_values_are_equal() {
        assert!(Payload::new(1) == Payload::new(1));
        assert!(Payload::new(1) != Payload::new(2));
        assert!(Payload::new(1) != Payload::new("1"));
        assert_eq!(Payload::new(1).downcast::<i32>().as_deref(), Some(&1));
    }

    #[test]
    fn fresh_result_replaces_the_previous_one() {
        let (success, failed) = (of("ada", SUCCESS), of("ada", FAILED));
        for previous in [None, Some(&success), Some(&failed)] {
            let shown = latest(previous, Some(of("ada", NEW_SUCCESS)));
            assert_eq!(shown, Some(NEW_SUCCESS));
        }
    }

    #[test]
    fn error_does_not_replace_a_success() {
        let (success, failed) = (of("ada", SUCCESS), of("ada", FAILED));
        let shown = |previous| latest(previous, Some(failed.clone()));
        assert_eq!(shown(Some(&success)), Some(SUCCESS));
        assert_eq!(shown(None), Some(FAILED));
        assert_eq!(shown(Some(&failed)), Some(FAILED));
    }

    #[test]
    fn without_a_fresh_result_a_success_stays_and_an_error_does_not() {
        assert_eq!(latest(Some(&of("ada", SUCCESS)), None), Some(SUCCESS));
        assert_eq!(latest(Some(&of("ada", FAILED)), None), None);
    }

    #[test]
    fn result_of_another_account_is_never_shown() {
        let graces = of("grace", NEW_SUCCESS);
        assert_eq!(latest(Some(&graces), None), None);
        assert_eq!(latest(None, Some(graces.clone())), None);
        let adas = of("ada", SUCCESS);
        assert_eq!(latest(Some(&adas), Some(graces.clone())), Some(SUCCESS));
        let failed = of("ada", FAILED);
        assert_eq!(latest(Some(&graces), Some(failed)), Some(FAILED));
    }
}
