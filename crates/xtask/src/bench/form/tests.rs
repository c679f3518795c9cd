//! Forms and their encoding.

use super::*;

#[test]
fn the_first_button_and_the_hidden_fields_are_sent() {
    let page = r#"<p>x</p><form class="a" method="POST" action="/demo/authorize?a=1&amp;b=2">
        <input type="hidden" name="state" value="s&quot;x">
        <input type="email" name="email">
        <button name="account" value="ada@example.com">Ada</button>
        <button name="account" value="grace@example.com">Grace</button></form>
        <form action="/other"></form>"#;
    let form = Form::first(page).expect("a form");
    assert_eq!(
        (form.action.as_str(), form.method.as_str()),
        ("/demo/authorize?a=1&b=2", "post")
    );
    assert_eq!(form.body(), "state=s%22x&account=ada%40example.com");
}

#[test]
fn a_page_without_a_form_has_none() {
    assert_eq!(Form::first("<p>nothing</p>"), None);
}

#[test]
fn encoding_and_decoding_undo_each_other() {
    let text = "http://127.0.0.1:1/demo?x=ä %";
    assert_eq!(decode(&encode(text)), text);
    assert_eq!(decode("100%"), "100%");
    assert_eq!(decode("%zz%41"), "%zzA");
}
