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
