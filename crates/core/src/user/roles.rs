//! The roles that an operator grants to a user.

use core::fmt;

/// How many roles an operator can grant to one user.
pub const MAX_ROLES: usize = 32;
/// The maximum length of a granted role, in characters.
pub const MAX_ROLE_CHARS: usize = 64;

/// Sorts the roles that an operator grants, and removes duplicates.
///
/// # Errors
///
/// Returns an error if there are more than [`MAX_ROLES`], or if a role is empty, is longer than
/// [`MAX_ROLE_CHARS`], or contains a character other than `a-z`, `0-9`, `.`, `_`, `-`, `:`.
pub fn granted_roles(mut roles: Vec<String>) -> Result<Vec<String>, InvalidRoles> {
    let is_valid = |role: &String| {
        let valid = |c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b':');
        (1..=MAX_ROLE_CHARS).contains(&role.len()) && role.bytes().all(valid)
    };
    if let Some(invalid) = roles.iter().find(|role| !is_valid(role)) {
        return Err(InvalidRoles::Role(invalid.chars().take(80).collect()));
    }
    roles.sort_unstable();
    roles.dedup();
    if roles.len() > MAX_ROLES {
        return Err(InvalidRoles::TooMany);
    }
    Ok(roles)
}

/// Why roles cannot be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidRoles {
    /// This role has an invalid character, or is too long or empty.
    Role(String),
    /// There are more than [`MAX_ROLES`].
    TooMany,
}

impl fmt::Display for InvalidRoles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => write!(
                f,
                "{role:?} is not a valid role; a role is 1 to {MAX_ROLE_CHARS} characters a-z, \
                 0-9, \".\", \"_\", \"-\", \":\""
            ),
            Self::TooMany => write!(f, "a user can be granted at most {MAX_ROLES} roles"),
        }
    }
}

impl core::error::Error for InvalidRoles {}

#[cfg(test)]
mod tests {
    use super::{InvalidRoles, MAX_ROLES, granted_roles};

    #[test]
    fn granted_roles_are_sorted_unique_and_valid() {
        let roles = |names: &[&str]| {
            let names = names.iter().map(|&name| name.to_owned());
            granted_roles(names.collect())
        };
        let sorted = vec!["admin".to_owned(), "notes:edit".to_owned()];
        assert_eq!(roles(&["notes:edit", "admin", "notes:edit"]), Ok(sorted));
        let long = "x".repeat(65);
        for invalid in ["", "Admin", "a b", "é", "a\0", &long] {
            let error = InvalidRoles::Role(invalid.to_owned());
            assert_eq!(roles(&["ok", invalid]), Err(error));
        }
        let many: Vec<_> = (0..=MAX_ROLES).map(|number| number.to_string()).collect();
        assert_eq!(granted_roles(many.clone()), Err(InvalidRoles::TooMany));
        assert!(granted_roles(many[1..].to_vec()).is_ok());
    }
}
