//! Boundaries inside a view: what is behind one has no type that the outside knows of.
//!
//! Leptos compiles a view's type: every nesting of elements anew, for each of the ways to render
//! it. These boundaries leave out what nothing here needs, which is most of it.
//!
//! [`piece`] and [`late`] do what `into_any` does, less three things. They are hydrated in one go,
//! while `into_any` also keeps a state machine per element that waits for code loaded later. They
//! are replaced, not compared with what was there. And what is [`late`] is never hydrated at all.
//!
//! [`live`] and [`words`] do what a closure does, in one type for all of them.

use std::sync::Arc;

use leptos::attr::Attribute;
use leptos::attr::any_attribute::AnyAttribute;
use leptos::prelude::*;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::ssr::StreamBuilder;
use leptos::tachys::view::{Mountable, Position, PositionState};

/// Hides the type of a view.
pub(crate) fn piece(view: impl IntoView + 'static) -> AnyView {
    AtOnce::<_, false>(view.into_view()).into_any()
}

/// Hides the type of a view that the server never renders: what needs a session to be seen, or
/// an answer, or a click. It needs no way to be hydrated at all.
pub(crate) fn late(view: impl IntoView + 'static) -> AnyView {
    AtOnce::<_, true>(view.into_view()).into_any()
}

/// A view that changes with the signals it reads.
pub(crate) fn live(view: impl Fn() -> AnyView + Send + Sync + 'static) -> impl IntoView {
    let view: Arc<dyn Fn() -> AnyView + Send + Sync> = Arc::new(view);
    move || view()
}

/// Words that change with the signals they are made of.
pub(crate) fn words(words: impl Fn() -> String + Send + Sync + 'static) -> impl IntoView {
    let words: Arc<dyn Fn() -> String + Send + Sync> = Arc::new(words);
    move || words()
}

/// No view.
pub(crate) fn nothing() -> AnyView {
    ().into_any()
}

/// A view that is hydrated in one go, or never.
struct AtOnce<V, const LATE: bool>(V);

impl<V: Render, const LATE: bool> Render for AtOnce<V, LATE> {
    type State = V::State;

    fn build(self) -> Self::State {
        self.0.build()
    }

    fn rebuild(self, state: &mut Self::State) {
        let mut fresh = self.0.build();
        state.insert_before_this(&mut fresh);
        state.unmount();
        *state = fresh;
    }
}

/// Never asked for: [`piece`] hides this type at once, and what hides it takes attributes itself.
impl<V: RenderHtml + 'static, const LATE: bool> AddAnyAttr for AtOnce<V, LATE> {
    type Output<A: Attribute> = Self;

    fn add_any_attr<A: Attribute>(self, _: A) -> Self::Output<A> {
        self
    }
}

impl<V: RenderHtml + 'static, const LATE: bool> RenderHtml for AtOnce<V, LATE> {
    type AsyncOutput = V::AsyncOutput;
    type Owned = AtOnce<V::Owned, LATE>;

    const MIN_LENGTH: usize = V::MIN_LENGTH;
    const EXISTS: bool = V::EXISTS;

    fn dry_resolve(&mut self) {
        self.0.dry_resolve();
    }

    async fn resolve(self) -> Self::AsyncOutput {
        self.0.resolve().await
    }

    fn html_len(&self) -> usize {
        self.0.html_len()
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.0
            .to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        buf: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.0.to_html_async_with_buf::<OUT_OF_ORDER>(
            buf,
            position,
            escape,
            mark_branches,
            extra_attrs,
        );
    }

    fn hydrate<const FROM_SERVER: bool>(
        self,
        cursor: &Cursor,
        position: &PositionState,
    ) -> Self::State {
        if LATE {
            self.0.build()
        } else {
            self.0.hydrate::<FROM_SERVER>(cursor, position)
        }
    }

    // `hydrate_async` is the trait's own: `hydrate`, without waiting.

    fn into_owned(self) -> Self::Owned {
        AtOnce(self.0.into_owned())
    }
}
