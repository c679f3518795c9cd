use super::*;

#[test]
fn the_head_is_what_stands_between_its_tags() {
    let index = "<!DOCTYPE html><html lang=\"en\"><head>\n<title>x</title>\n</head><body></body>";
    assert_eq!(head_of(index), Some(HeadHtml("<title>x</title>".into())));
}

#[test]
fn a_minified_head_has_no_opening_tag() {
    let index = "<!doctype html><html lang=en><meta charset=utf-8></head><body></body></html>";
    assert_eq!(
        head_of(index),
        Some(HeadHtml("<meta charset=utf-8>".into()))
    );
}

#[test]
fn what_has_no_head_gives_none() {
    for index in ["", "<head>", "</head><head>", "<body></body>"] {
        assert_eq!(head_of(index), None, "{index}");
    }
}

#[test]
fn the_shape_is_noted_at_the_element_of_the_app() {
    let document = "<body><div id=\"app\" data-shape=\"\" class=\"app\"><p>one</p></div></body>";
    let noted = with_shape(document);
    assert_eq!(noted.len(), document.len() + 16);
    assert!(noted.contains("data-shape=\"") && !noted.contains("data-shape=\"\""));
    assert!(noted.ends_with("\" class=\"app\"><p>one</p></div></body>"));
    for unknown in ["<body></body>", "<div data-shape=\"\"><p>"] {
        assert_eq!(with_shape(unknown), unknown);
    }
}
