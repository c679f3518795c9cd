use openidconnect::IssuerUrl;
use openidconnect::core::CoreJwsSigningAlgorithm;
use serde_json::{Value, json};

use super::Metadata;
use crate::validation_error::ValidationError;

fn document(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": "https://login.example.com/authorize",
        "token_endpoint": "https://login.example.com/token",
        "jwks_uri": "https://login.example.com/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    })
}

fn checked(issuer: &str, document: &Value) -> Result<Metadata, ValidationError> {
    let issuer = IssuerUrl::new(issuer.to_owned()).expect("a URL");
    Metadata::new(&issuer, document.as_object().expect("a discovery document"))
}

#[test]
fn security_07_issuer_must_match_exactly() {
    let issuer = "https://login.example.com";
    checked(issuer, &document(issuer)).expect("the same issuer");
    for other in [
        "https://login.example.com/",
        "https://login.example.com:443",
        "https://LOGIN.example.com",
        "https://login.example.org",
        "http://login.example.com",
    ] {
        assert_eq!(
            checked(issuer, &document(other)).err(),
            Some(ValidationError::DiscoveredIssuer)
        );
    }
}

#[test]
fn insecure_endpoints_are_refused() {
    let issuer = "https://login.example.com";
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
    ] {
        for url in [
            "http://login.example.com/x",
            "http://127.0.0.1/x",
            "javascript:alert(1)",
        ] {
            let mut document = document(issuer);
            document[name] = url.into();
            let refused = checked(issuer, &document).err();
            assert_eq!(
                refused,
                Some(ValidationError::InsecureEndpoint(name)),
                "{name} {url}"
            );
        }
    }
    let issuer = "http://127.0.0.1:9000";
    let mut document = document(issuer);
    document["token_endpoint"] = "http://127.0.0.1:9000/token".into();
    checked(issuer, &document).expect("a loopback address");
    document["token_endpoint"] = "http://10.0.0.1/token".into();
    assert_eq!(
        checked(issuer, &document).err(),
        Some(ValidationError::InsecureEndpoint("token_endpoint"))
    );
}

#[test]
fn security_07_internal_endpoints_of_a_public_issuer_are_refused() {
    let internal = [
        "https://localhost/x",
        "https://a.localhost./x",
        "https://127.0.0.1/x",
        "https://10.1.2.3/x",
        "https://172.20.0.1/x",
        "https://192.168.1.1/x",
        "https://100.100.1.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/x",
        "https://0.0.0.0/x",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://[fd00::1]/x",
        "https://[fe80::1]/x",
    ];
    let public = "https://login.example.com";
    for name in ["token_endpoint", "userinfo_endpoint", "jwks_uri"] {
        for url in internal {
            let mut document = document(public);
            document[name] = url.into();
            let refused = checked(public, &document).err();
            assert_eq!(
                refused,
                Some(ValidationError::InternalEndpoint(name)),
                "{name} {url}"
            );
        }
        for url in ["https://203.0.113.1/x", "https://keys.example.net/x"] {
            let mut document = document(public);
            document[name] = url.into();
            checked(public, &document).expect(url);
        }
    }
    // An internal issuer may have internal endpoints.
    let issuer = "https://10.1.2.3";
    let mut document = document(issuer);
    document["token_endpoint"] = "https://10.1.2.4/token".into();
    checked(issuer, &document).expect("internal, like the issuer");
}

#[test]
fn security_08_only_asymmetric_algorithms_are_used() {
    let issuer = "https://login.example.com";
    let mut document = document(issuer);
    document["id_token_signing_alg_values_supported"] =
        json!(["none", "HS256", "ES256", "ES512", "X999"]);
    let metadata = checked(issuer, &document).expect("one algorithm is supported");
    assert_eq!(
        metadata.algorithms,
        [CoreJwsSigningAlgorithm::EcdsaP256Sha256]
    );
    document["id_token_signing_alg_values_supported"] = json!(["none", "HS256", "HS512"]);
    assert_eq!(
        checked(issuer, &document).err(),
        Some(ValidationError::NoAlgorithm)
    );
}

#[test]
fn basic_is_used_unless_the_provider_lists_only_other_methods() {
    let issuer = "https://login.example.com";
    for (methods, basic) in [
        (Value::Null, true),
        (json!(["client_secret_post", "client_secret_basic"]), true),
        (json!(["client_secret_post"]), false),
        (json!(["private_key_jwt", "client_secret_post"]), false),
    ] {
        let mut document = document(issuer);
        document["token_endpoint_auth_methods_supported"] = methods.clone();
        let metadata = checked(issuer, &document).expect("a valid document");
        assert_eq!(metadata.supports_basic, basic, "{methods}");
    }
}

#[test]
fn document_without_a_token_endpoint_is_refused() {
    let issuer = "https://login.example.com";
    let mut document = document(issuer);
    document["token_endpoint"] = Value::Null;
    assert_eq!(
        checked(issuer, &document).err(),
        Some(ValidationError::MissingEndpoint("token_endpoint"))
    );
}

#[test]
fn malformed_members_are_refused_only_if_required() {
    let issuer = "https://login.example.com";
    for (name, value) in [
        ("op_policy_uri", json!("")),
        ("op_tos_uri", json!("")),
        ("service_documentation", json!("")),
        ("registration_endpoint", json!("")),
        ("revocation_endpoint", json!(false)),
        ("end_session_endpoint", json!(["a", "b"])),
        ("check_session_iframe", json!("not a URL")),
        ("claims_parameter_supported", json!("true")),
        ("request_uri_parameter_supported", json!(null)),
        ("response_modes_supported", json!("query")),
        ("response_types_supported", json!("code")),
        ("response_types_supported", json!(null)),
        ("subject_types_supported", json!({})),
        ("scopes_supported", json!("openid email")),
        ("claims_supported", json!([1, null])),
        ("display_values_supported", json!(7)),
        ("ui_locales_supported", json!(["", "x-"])),
        ("token_endpoint_auth_methods_supported", json!("post")),
        ("prompt_values_supported", json!("login")),
        ("userinfo_endpoint", json!("")),
        ("userinfo_endpoint", json!(" ")),
        ("userinfo_endpoint", json!(null)),
        (
            "id_token_signing_alg_values_supported",
            json!(["RS256", 7, null]),
        ),
        ("userinfo_signing_alg_values_supported", json!("none")),
    ] {
        let mut document = document(issuer);
        document[name] = value.clone();
        let metadata = checked(issuer, &document).expect(name);
        assert_eq!(metadata.userinfo_endpoint, None, "{name} {value}");
        assert!(metadata.supports_basic, "{name} {value}");
    }
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "issuer",
    ] {
        for value in [
            json!(""),
            json!(null),
            json!(7),
            json!(["https://login.example.com"]),
        ] {
            let mut document = document(issuer);
            document[name] = value.clone();
            checked(issuer, &document).expect_err(&format!("{name} {value}"));
        }
    }
    for value in [json!("RS256"), json!([]), json!(null), json!([7])] {
        let mut document = document(issuer);
        document["id_token_signing_alg_values_supported"] = value;
        assert_eq!(
            checked(issuer, &document).err(),
            Some(ValidationError::NoAlgorithm)
        );
    }
}

#[test]
fn google_style_document_is_accepted() {
    // Includes unused members and unknown values.
    let google = json!({
        "issuer": "https://accounts.google.com",
        "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
        "device_authorization_endpoint": "https://oauth2.googleapis.com/device/code",
        "token_endpoint": "https://oauth2.googleapis.com/token",
        "userinfo_endpoint": "https://openidconnect.googleapis.com/v1/userinfo",
        "revocation_endpoint": "https://oauth2.googleapis.com/revoke",
        "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
        "response_types_supported":
            ["code", "token", "id_token", "code token", "code id_token", "token id_token",
             "code token id_token", "none"],
        "response_modes_supported": ["query", "fragment", "form_post", "web_message"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported":
            ["client_secret_post", "client_secret_basic", "tls_client_auth"],
        "claims_supported": ["aud", "email", "email_verified", "exp", "iat", "iss", "name", "sub"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "grant_types_supported":
            ["authorization_code", "refresh_token",
             "urn:ietf:params:oauth:grant-type:device_code",
             "urn:ietf:params:oauth:grant-type:jwt-bearer"],
        "id_token_encryption_alg_values_supported": ["RSA-OAEP", "RSA-OAEP-999"],
        "mtls_endpoint_aliases": { "token_endpoint": "https://mtls.example.com/token" },
        "request_parameter_supported": true,
    });
    let metadata = checked("https://accounts.google.com", &google).expect("a valid document");
    assert!(metadata.supports_basic && !metadata.sends_iss);
    assert!(metadata.userinfo_endpoint.is_some());
}
