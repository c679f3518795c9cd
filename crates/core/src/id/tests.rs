use super::SessionId;

#[test]
fn an_id_survives_its_text() {
    let id = SessionId::from_bytes([7; 16]);
    assert_eq!(id.to_string().len(), 22);
    assert_eq!(id.to_string().parse(), Ok(id));
}

#[test]
fn an_id_has_one_text_only() {
    let text = SessionId::from_bytes([0; 16]).to_string();
    let stray_bits = format!("{}B", &text[..21]);
    for other in [
        format!("{text}="),
        format!("{text}A"),
        stray_bits,
        String::new(),
        "é".into(),
    ] {
        assert!(
            other.parse::<SessionId>().is_err(),
            "{other:?} was taken for an id"
        );
    }
}
