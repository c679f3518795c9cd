use super::check_info;

#[test]
fn a_primary_of_version_7_will_do() {
    let info = "# Server\r\nredis_version:7.0.15\r\ncluster_enabled:0\r\nrole:master\r\n";
    assert_eq!(check_info(info), Ok(()));
}

#[test]
fn others_are_told_what_is_wrong() {
    let cases = [
        ("redis_version:6.2.1\r\nrole:master", "6.2.1"),
        ("redis_version:7.2.0\r\nrole:slave", "replica"),
        (
            "redis_version:8.0.0\r\nrole:master\r\ncluster_enabled:1",
            "cluster",
        ),
        ("", "version"),
    ];
    for (info, expected) in cases {
        let said = check_info(info).expect_err("refused").to_string();
        assert!(said.contains(expected), "{info:?}: {said}");
    }
}
