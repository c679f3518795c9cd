//! The settings of Redis without which an answer promises nothing.

use std::collections::HashMap;

use latchkey_store::StoreError;
use redis::aio::MultiplexedConnection;

use crate::error::unavailable;

/// A setting, what it must be, and what happens otherwise.
const NEEDED: [(&str, &str, &str); 4] = [
    (
        "appendonly",
        "yes",
        "what was revoked is lost when Redis restarts",
    ),
    (
        "appendfsync",
        "always",
        "what was revoked in the last second is lost when the power fails",
    ),
    (
        "no-appendfsync-on-rewrite",
        "no",
        "what was revoked during a rewrite is lost when the power fails",
    ),
    (
        "maxmemory-policy",
        "noeviction",
        "what was revoked is thrown away when memory is short",
    ),
];
/// The oldest version whose Lua and streams do what is asked of them.
const OLDEST: u32 = 7;

/// Refuses a Redis that could lose what it acknowledged.
pub(crate) async fn check(connection: &mut MultiplexedConnection) -> Result<(), StoreError> {
    let info: String = redis::cmd("INFO")
        .query_async(connection)
        .await
        .map_err(|error| unavailable(&error))?;
    check_info(&info)?;
    let mut get = redis::cmd("CONFIG");
    get.arg("GET");
    for (name, ..) in NEEDED {
        get.arg(name);
    }
    let settings: HashMap<String, String> = get.query_async(connection).await.map_err(|error| {
        let why = "its settings cannot be read, so that nobody knows what it would lose";
        StoreError::Unavailable(format!("Redis: {why}; allow CONFIG GET ({error})"))
    })?;
    for (name, needed, otherwise) in NEEDED {
        let found = settings.get(name).map_or("not known", String::as_str);
        if found != needed {
            return Err(StoreError::Unavailable(format!(
                "Redis has {name} = {found}, so that {otherwise}; set {name} {needed}"
            )));
        }
    }
    Ok(())
}

/// What Redis says of itself: lines of `name:value`.
fn check_info(info: &str) -> Result<(), StoreError> {
    let lines = info.lines().filter_map(|line| line.split_once(':'));
    let known: HashMap<&str, &str> = lines.collect();
    let of = |name: &str| known.get(name).copied().unwrap_or_default();
    let version = of("redis_version");
    let major = version.split('.').next().and_then(|text| text.parse().ok());
    let wrong = if major.unwrap_or(0) < OLDEST {
        format!("Redis is version {version:?}; {OLDEST}.0 or a later one is needed")
    } else if of("role") != "master" {
        "this Redis is a replica; store.url must lead to the primary".to_owned()
    } else if of("cluster_enabled") == "1" {
        "this Redis is a cluster; one primary is needed, with replicas if you like".to_owned()
    } else {
        return Ok(());
    };
    Err(StoreError::Unavailable(wrong))
}

#[cfg(test)]
mod tests {
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
}
