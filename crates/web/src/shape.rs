//! The element of the app and the shape of its content: the nodes and their nesting, without attributes
//! or text. The server adds the shape to the rendered page, and the browser checks it before it
//! hydrates.
//!
//! Hydration walks the nodes one by one and panics if a node is missing or unexpected. Translators wrap
//! text in new elements, extensions insert elements, and proxies remove comments.

/// The id of the app's element. The app has its own element, so that nodes that others add to the body
/// do not affect it.
pub(crate) const ELEMENT: &str = "app";

/// The class of the app's element.
pub(crate) const CLASS: &str = "c-app";

/// The attribute of the app's element that holds the shape of its content.
pub(crate) const ATTRIBUTE: &str = "data-shape";

/// A running hash (FNV-1a) over the nodes, in document order.
#[derive(Clone, Copy)]
struct Shape(u64);

impl Shape {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn open(&mut self, tag: &str) {
        self.add(b'<');
        for byte in tag.bytes() {
            self.add(byte.to_ascii_lowercase());
        }
    }

    fn close(&mut self) {
        self.add(b'>');
    }

    fn text(&mut self) {
        self.add(b'#');
    }

    fn comment(&mut self) {
        self.add(b'!');
    }

    const fn add(&mut self, byte: u8) {
        self.0 = (self.0 ^ byte as u64).wrapping_mul(0x0100_0000_01b3);
    }

    fn to_hex(self) -> String {
        format!("{:016x}", self.0)
    }
}

/// The shape of the content of an element. `html` starts after the start tag of that element. `None` if
/// its end tag is missing.
///
/// Reads the output of Leptos, not HTML in general: every element except void elements has an end tag,
/// and there are no scripts or styles.
#[cfg(feature = "ssr")]
pub(crate) fn of_html(html: &str) -> Option<String> {
    /// Elements without an end tag.
    const VOID_ELEMENTS: [&str; 8] = ["area", "br", "col", "hr", "img", "input", "source", "wbr"];

    let mut shape = Shape::new();
    let mut depth = 0_usize;
    let mut rest = html;
    loop {
        if let Some(comment) = rest.strip_prefix("<!--") {
            shape.comment();
            rest = comment.split_once("-->")?.1;
        } else if let Some(comment) = rest.strip_prefix("<!") {
            // `<!>` is an empty comment.
            shape.comment();
            rest = comment.split_once('>')?.1;
        } else if let Some(end) = rest.strip_prefix("</") {
            let Some(outer) = depth.checked_sub(1) else {
                return Some(shape.to_hex());
            };
            depth = outer;
            shape.close();
            rest = end.split_once('>')?.1;
        } else if let Some(tag) = rest.strip_prefix('<') {
            let name_end = tag.find(|it: char| it.is_ascii_whitespace() || "/>".contains(it))?;
            let (name, attributes) = tag.split_at(name_end);
            let end = tag_end(attributes)?;
            shape.open(name);
            if VOID_ELEMENTS.contains(&name) || attributes[..end].ends_with('/') {
                shape.close();
            } else {
                depth += 1;
            }
            rest = &attributes[end + 1..];
        } else {
            shape.text();
            rest = &rest[rest.find('<')?..];
        }
    }
}

/// The position of the `>` that ends a start tag, after its attributes.
#[cfg(feature = "ssr")]
fn tag_end(attributes: &str) -> Option<usize> {
    let mut quote = None;
    attributes.find(|it| match (quote, it) {
        (None, '"' | '\'') => {
            quote = Some(it);
            false
        }
        (Some(open), it) if it == open => {
            quote = None;
            false
        }
        (None, '>') => true,
        _ => false,
    })
}

/// Whether the content of an element is as the server rendered it.
#[cfg(feature = "hydrate")]
pub(crate) fn is_intact(element: &web_sys::Element) -> bool {
    let mut shape = Shape::new();
    add_children(&mut shape, element);
    element.get_attribute(ATTRIBUTE) == Some(shape.to_hex())
}

#[cfg(feature = "hydrate")]
fn add_children(shape: &mut Shape, parent: &web_sys::Node) {
    use web_sys::Node;

    let mut next = parent.first_child();
    while let Some(node) = next {
        match node.node_type() {
            Node::TEXT_NODE => shape.text(),
            Node::COMMENT_NODE => shape.comment(),
            _ => {
                shape.open(&node.node_name());
                add_children(shape, &node);
                shape.close();
            }
        }
        next = node.next_sibling();
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::of_html;

    fn shape(html: &str) -> String {
        of_html(html).expect("a closed element")
    }

    #[test]
    fn text_and_attributes_do_not_change_the_shape() {
        let html = "<p class=\"a\">one</p><!-- x --><input value=\"1>2\"></div><p>";
        assert_eq!(shape(html), shape("<p>two</p><!><input></div>"));
    }

    #[test]
    fn every_other_change_changes_the_shape() {
        let html = "<p>one<!>two</p><br></div>";
        for changed in [
            "<p>one two</p><br></div>",
            "<p>one<!></p><br></div>",
            "<p>one<!>two</p></div>",
            "<p>one<!>two<br></p></div>",
            "<p><font>one</font><!>two</p><br></div>",
            "<div></div><p>one<!>two</p><br></div>",
            "<p>one<!>two</p><br> </div>",
            "<h1>one<!>two</h1><br></div>",
        ] {
            assert_ne!(shape(html), shape(changed), "{changed}");
        }
    }

    #[test]
    fn truncated_html_has_no_shape() {
        for html in [
            "",
            "<p>",
            "<p>one</p>",
            "<p",
            "<p title=\"</div>",
            "<!-- </div>",
        ] {
            assert_eq!(of_html(html), None, "{html}");
        }
    }
}
