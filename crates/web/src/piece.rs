//! A boundary inside a view: what is behind it has no type that the outside knows of.
//!
//! It does what `into_any` does, less one thing. `into_any` keeps every way to hydrate, one of
//! which waits between elements for code that is loaded later; a state machine for each element
//! of the page, a third of the bundle, and nothing here is loaded later.

use leptos::attr::Attribute;
use leptos::attr::any_attribute::AnyAttribute;
use leptos::prelude::*;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::ssr::StreamBuilder;
use leptos::tachys::view::{Position, PositionState};

/// Hides the type of a view.
pub(crate) fn piece(view: impl IntoView + 'static) -> AnyView {
    AtOnce::<_, false>(view.into_view()).into_any()
}

/// Hides the type of a view that the server never renders: what needs a session to be seen, or
/// an answer, or a click. It needs no way to be hydrated at all.
pub(crate) fn late(view: impl IntoView + 'static) -> AnyView {
    AtOnce::<_, true>(view.into_view()).into_any()
}

/// A view that is hydrated in one go, or never.
struct AtOnce<V, const LATE: bool>(V);

impl<V: Render, const LATE: bool> Render for AtOnce<V, LATE> {
    type State = V::State;

    fn build(self) -> Self::State {
        self.0.build()
    }

    fn rebuild(self, state: &mut Self::State) {
        self.0.rebuild(state);
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
