//! The name of a device.

/// `Chrome on Linux`, or the part of it that is known.
pub fn device(browser: Option<&str>, system: Option<&str>) -> String {
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "Unknown device".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::device;

    #[test]
    fn name_contains_only_what_is_known() {
        assert_eq!(device(Some("Chrome"), Some("Linux")), "Chrome on Linux");
        assert_eq!(device(Some("Chrome"), None), "Chrome");
        assert_eq!(device(None, Some("Linux")), "Linux");
        assert_eq!(device(None, None), "Unknown device");
    }
}
