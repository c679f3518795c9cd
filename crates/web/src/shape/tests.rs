use super::of_html;

fn shape(html: &str) -> String {
    of_html(html).expect("a closed element")
}

#[test]
fn words_and_attributes_do_not_matter() {
    let html = "<p class=\"a\">one</p><!-- x --><input value=\"1>2\"></div><p>";
    assert_eq!(shape(html), shape("<p>two</p><!><input></div>"));
}

#[test]
fn every_other_change_does() {
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
fn what_is_cut_off_has_none() {
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
