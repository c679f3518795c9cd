use super::ReturnTo;

#[test]
fn local_paths_are_taken() {
    for path in [
        "/",
        "/account",
        "/sessions?all=1",
        "/a/b-c_d.e",
        "/account?next=%2Fx#top",
    ] {
        assert!(path.parse::<ReturnTo>().is_ok(), "{path} was refused");
    }
}

#[test]
fn security_14_whatever_could_leave_the_site_is_refused() {
    let long = format!("/{}", "a".repeat(600));
    let texts = [
        "",
        "account",
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%2fevil.example",
        "/%2Fevil.example",
        "/%5cevil.example",
        "/%252fevil.example",
        "/..//evil.example",
        "/.//evil.example",
        "/%2e%2e//evil.example",
        "/a/../b",
        "/\t/evil.example",
        "/\n//evil.example",
        "/a b",
        "/account?a=\"",
        "/é",
        "javascript:alert(1)",
        "/auth/login?provider=demo",
        "/callback",
        "/callback?code=x",
        "/callback/google",
        "/CALLBACK/google?code=x",
        "/%09/evil.example",
        "/%00",
        &long,
    ];
    for text in texts {
        assert!(text.parse::<ReturnTo>().is_err(), "{text:?} was taken");
    }
}
