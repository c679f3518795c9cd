//! The pages of the console and their paths.

use crate::query::{decoded, encoded, path_of};

/// A page of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/admin`
    Overview,
    /// `/admin/users`
    Users,
    /// `/admin/users/{id}`
    User(String),
    /// `/admin/sessions`
    Sessions,
    /// `/admin/denylist`
    Denylist,
    /// `/admin/audit`
    Audit,
    /// `/admin/keys`
    Keys,
    /// Any other path.
    NotFound,
}

impl Route {
    /// The pages in the navigation.
    pub(crate) const NAVIGATION: [(Self, &str); 6] = [
        (Self::Overview, "Overview"),
        (Self::Users, "Users"),
        (Self::Sessions, "Sessions"),
        (Self::Denylist, "Denylist"),
        (Self::Audit, "Audit"),
        (Self::Keys, "Keys"),
    ];

    /// The page at a URL.
    pub(crate) fn of(url: &str) -> Self {
        let path = path_of(url).trim_end_matches('/');
        let segments: Vec<_> = path.split('/').skip(1).collect();
        match *segments {
            ["admin"] => Self::Overview,
            ["admin", "users"] => Self::Users,
            ["admin", "users", id] => Self::User(decoded(id)),
            ["admin", "sessions"] => Self::Sessions,
            ["admin", "denylist"] => Self::Denylist,
            ["admin", "audit"] => Self::Audit,
            ["admin", "keys"] => Self::Keys,
            _ => Self::NotFound,
        }
    }

    /// The path of the page.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Overview | Self::NotFound => "/admin".to_owned(),
            Self::Users => "/admin/users".to_owned(),
            Self::User(id) => format!("/admin/users/{}", encoded(id)),
            Self::Sessions => "/admin/sessions".to_owned(),
            Self::Denylist => "/admin/denylist".to_owned(),
            Self::Audit => "/admin/audit".to_owned(),
            Self::Keys => "/admin/keys".to_owned(),
        }
    }

    /// Whether the navigation marks `entry` as the current page.
    pub(crate) fn is_in(&self, entry: &Self) -> bool {
        self == entry || matches!((self, entry), (Self::User(_), Self::Users))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_of_each_page_leads_to_it() {
        let pages = Route::NAVIGATION.map(|(page, _)| page);
        for page in pages.into_iter().chain([Route::User("a/b".to_owned())]) {
            assert_eq!(Route::of(&page.path()), page);
            assert_eq!(Route::of(&format!("{}?q=1", page.path())), page);
        }
    }

    #[test]
    fn other_paths_have_no_page() {
        for path in ["/", "/admin/x", "/admin/users/1/2", "/administrator"] {
            assert_eq!(Route::of(path), Route::NotFound, "{path}");
        }
    }
}
