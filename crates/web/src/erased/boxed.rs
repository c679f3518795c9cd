//! One type for all views in the browser. It implements Leptos' rendering traits.

use leptos::attr::Attribute;
use leptos::attr::any_attribute::AnyAttribute;
use leptos::prelude::*;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::renderer::types::{Element, Node};
use leptos::tachys::view::{Mountable, Position, PositionState};

/// A view of any type.
pub(super) struct Boxed(Box<dyn View>);

impl Boxed {
    /// A view that the server may have rendered.
    pub(super) fn new(view: impl RenderHtml + 'static) -> Self {
        Self(Box::new(Rendered(view)))
    }

    /// A view that the server has not rendered.
    pub(super) fn client_only(view: impl RenderHtml + 'static) -> Self {
        Self(Box::new(ClientOnly(view)))
    }
}

/// The two ways to add a view to the page.
trait View: Send {
    fn build(self: Box<Self>) -> Built;
    fn hydrate(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> Built;
}

struct Rendered<V>(V);

impl<V: RenderHtml + 'static> View for Rendered<V> {
    fn build(self: Box<Self>) -> Built {
        Built(Box::new(self.0.build()))
    }

    fn hydrate(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> Built {
        Built(Box::new(self.0.hydrate::<true>(cursor, position)))
    }
}

struct ClientOnly<V>(V);

impl<V: RenderHtml + 'static> View for ClientOnly<V> {
    fn build(self: Box<Self>) -> Built {
        Built(Box::new(self.0.build()))
    }

    fn hydrate(self: Box<Self>, _: &Cursor, _: &PositionState) -> Built {
        self.build()
    }
}

impl Render for Boxed {
    type State = Built;

    fn build(self) -> Built {
        self.0.build()
    }

    fn rebuild(self, state: &mut Built) {
        let mut fresh = self.build();
        state.insert_before_this(&mut fresh);
        state.unmount();
        *state = fresh;
    }
}

impl RenderHtml for Boxed {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    /// Never called: the browser writes no HTML, and this type does not exist on the server.
    fn to_html_with_buf(
        self,
        _: &mut String,
        _: &mut Position,
        _: bool,
        _: bool,
        _: Vec<AnyAttribute>,
    ) {
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Built {
        self.0.hydrate(cursor, position)
    }

    // `hydrate_async` keeps the trait's default, which calls `hydrate` without waiting.

    fn into_owned(self) -> Self {
        self
    }
}

/// Never called: the functions of the parent module return an `AnyView`, which handles attributes.
impl AddAnyAttr for Boxed {
    type Output<A: Attribute> = Self;

    fn add_any_attr<A: Attribute>(self, _: A) -> Self {
        self
    }
}

/// A view in the page.
pub(super) struct Built(Box<dyn Mountable>);

impl Mountable for Built {
    fn unmount(&mut self) {
        self.0.unmount();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        self.0.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.0.insert_before_this(child)
    }

    fn elements(&self) -> Vec<Element> {
        self.0.elements()
    }
}
