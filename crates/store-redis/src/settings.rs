//! Checks the version and role of the Redis server, and the settings that durability depends on.

use std::collections::HashMap;

use latchkey_store::StoreError;
use redis::aio::MultiplexedConnection;

use crate::error::unavailable;

/// A setting, its required value, and what happens with another value.
const REQUIRED_SETTINGS: [(&str, &str, &str); 4] = [
    (
        "appendonly",
        "yes",
        "revocations are lost when Redis restarts",
    ),
    (
        "appendfsync",
        "always",
        "revocations of the last second are lost when the power fails",
    ),
    (
        "no-appendfsync-on-rewrite",
        "no",
        "revocations during a rewrite are lost when the power fails",
    ),
    (
        "maxmemory-policy",
        "noeviction",
        "revocations are evicted when memory is short",
    ),
];
/// The oldest supported major version: the scripts and the stream need its features.
const MIN_VERSION: u32 = 7;

/// Refuses a Redis server that is not supported or could lose acknowledged writes.
pub(crate) async fn check(connection: &mut MultiplexedConnection) -> Result<(), StoreError> {
    let info: String = redis::cmd("INFO")
        .query_async(connection)
        .await
        .map_err(|error| unavailable(&error))?;
    check_info(&info)?;
    let mut get = redis::cmd("CONFIG");
    get.arg("GET");
    for (name, ..) in REQUIRED_SETTINGS {
        get.arg(name);
    }
    let settings: HashMap<String, String> = get.query_async(connection).await.map_err(|error| {
        StoreError::Unavailable(format!(
            "Redis: cannot read its settings; allow the user to run CONFIG GET ({error})"
        ))
    })?;
    for (name, required, consequence) in REQUIRED_SETTINGS {
        let found = settings.get(name).map_or("unknown", String::as_str);
        if found != required {
            return Err(StoreError::Unavailable(format!(
                "Redis setting {name} is {found}, so {consequence}; set {name} {required}"
            )));
        }
    }
    Ok(())
}

/// Checks version, role and cluster mode in the reply to `INFO`: lines of `name:value`.
fn check_info(info: &str) -> Result<(), StoreError> {
    let lines = info.lines().filter_map(|line| line.split_once(':'));
    let known: HashMap<&str, &str> = lines.collect();
    let field = |name: &str| known.get(name).copied().unwrap_or_default();
    let version = field("redis_version");
    let major = version.split('.').next().and_then(|text| text.parse().ok());
    let problem = if major.unwrap_or(0) < MIN_VERSION {
        format!(
            "unsupported Redis version {version:?}; version {MIN_VERSION}.0 or later is required"
        )
    } else if field("role") != "master" {
        "this Redis is a replica; set store.url to the primary".to_owned()
    } else if field("cluster_enabled") == "1" {
        "Redis Cluster is not supported; use a single primary, with or without replicas".to_owned()
    } else {
        return Ok(());
    };
    Err(StoreError::Unavailable(problem))
}

#[cfg(test)]
mod tests {
    use super::check_info;

    #[test]
    fn primary_of_version_7_is_accepted() {
        let info = "# Server\r\nredis_version:7.0.15\r\ncluster_enabled:0\r\nrole:master\r\n";
        assert_eq!(check_info(info), Ok(()));
    }

    #[test]
    fn other_servers_are_refused_with_the_reason() {
        let cases = [
            ("redis_version:6.2.1\r\nrole:master", "6.2.1"),
            ("redis_version:7.2.0\r\nrole:slave", "replica"),
            (
                "redis_version:8.0.0\r\nrole:master\r\ncluster_enabled:1",
                "Cluster",
            ),
            ("", "version"),
        ];
        for (info, expected) in cases {
            let error = check_info(info).expect_err("refused").to_string();
            assert!(error.contains(expected), "{info:?}: {error}");
        }
    }
}
