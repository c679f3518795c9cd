use super::*;

#[test]
fn the_link_names_provider_and_way_back() {
    assert_eq!(
        login_href("google", "/account"),
        "/auth/login?provider=google&return_to=/account"
    );
}

#[test]
fn a_step_up_asks_for_a_fresh_sign_in_and_comes_back() {
    assert_eq!(
        step_up_href("google", "a-user", "/sessions?resume=end-others"),
        "/auth/login?provider=google&prompt=login&max_age=600&account=a-user\
         &return_to=/sessions%3Fresume%3Dend-others"
    );
}

#[test]
fn what_means_something_in_a_query_is_encoded() {
    assert_eq!(
        login_href("a&b", "/x?y=1&z=ä#f"),
        "/auth/login?provider=a%26b&return_to=/x%3Fy%3D1%26z%3D%C3%A4%23f"
    );
}

#[test]
fn a_form_keeps_its_values_apart() {
    assert_eq!(
        form(&[("code", "a+b c"), ("state", "=&")]),
        "code=a%2Bb%20c&state=%3D%26"
    );
    assert_eq!(form(&[]), "");
}

#[test]
fn only_paths_of_this_site_are_gone_to() {
    assert_eq!(local_path("/playground?x=1"), "/playground?x=1");
    for foreign in [
        "",
        "https://example.com",
        "//example.com",
        "/\\example.com",
        "/callback",
    ] {
        assert_eq!(local_path(foreign), "/account", "{foreign}");
    }
}

#[test]
fn only_what_starts_a_sign_in_is_the_address_of_one() {
    assert!(is_login_href(&login_href("google", "/account")));
    assert!(is_login_href(&step_up_href(
        "google",
        "a-user",
        "/sessions"
    )));
    for other in [
        "",
        "/",
        "/auth/login",
        "/auth/logins?provider=google",
        "https://example.com/auth/login?provider=google",
        "//example.com/auth/login?",
        "javascript:/auth/login?",
    ] {
        assert!(!is_login_href(other), "{other}");
    }
}
