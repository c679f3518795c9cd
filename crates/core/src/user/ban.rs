//! The ban of a user.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// A ban: the user may neither sign in nor refresh until it ends or is lifted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// When the user was banned.
    pub at: Timestamp,
    /// The reason the operator gave.
    pub reason: String,
    /// When the ban ends by itself; `None` if it must be lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Ban {
    /// Whether the ban is in force.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::Ban;
    use crate::clock::Timestamp;

    #[test]
    fn ban_ends_at_its_end_time_or_never() {
        let at = Timestamp::from_secs(10);
        let mut ban = Ban {
            at,
            reason: "spam".to_owned(),
            until: Some(Timestamp::from_secs(20)),
        };
        assert!(ban.is_in_force(Timestamp::from_millis(19_999)));
        assert!(!ban.is_in_force(Timestamp::from_secs(20)));
        ban.until = None;
        assert!(ban.is_in_force(Timestamp::from_secs(u64::MAX / 1000)));
        let old: Ban = serde_json::from_str(r#"{"at":10000,"reason":"spam"}"#).expect("a ban");
        assert_eq!(old, ban, "a ban that an earlier version stored");
    }
}
