//! The marks of providers, in the colors and shapes that their brand rules require.
//!
//! They are drawn as paths, because the Content-Security-Policy permits neither raw HTML nor images
//! of other origins.

use latchkey_types::ProviderKind;
use leptos::prelude::*;
use leptos::svg::{path, svg};

use crate::erased::erased;

/// A mark: a square drawing area, and its shapes.
struct Mark {
    view_box: &'static str,
    /// Path data and the color; `None` is the color of the text.
    shapes: &'static [(&'static str, Option<&'static str>)],
    /// Whether its colors need a white background, even in the dark theme.
    white_background: bool,
}

/// The mark of a kind of provider, hidden from assistive technology: the label names the provider.
/// `None` if the kind has no mark.
pub(crate) fn provider_mark(kind: ProviderKind) -> Option<AnyView> {
    let mark = match kind {
        ProviderKind::Google => GOOGLE,
        ProviderKind::GitHub => GITHUB,
        ProviderKind::Microsoft => MICROSOFT,
        ProviderKind::GitLab => GITLAB,
        ProviderKind::Okta => OKTA,
        ProviderKind::Auth0 => AUTH0,
        ProviderKind::Keycloak | ProviderKind::Oidc | ProviderKind::Demo => return None,
    };
    let class = if mark.white_background {
        "c-provider-mark c-provider-mark-white"
    } else {
        "c-provider-mark"
    };
    let shapes = mark.shapes.iter().map(|(data, color)| {
        path()
            .attr("d", *data)
            .attr("fill", color.unwrap_or("currentColor"))
    });
    Some(erased(
        svg()
            .attr("class", class)
            .attr("viewBox", mark.view_box)
            .attr("aria-hidden", "true")
            .attr("focusable", "false")
            .child(shapes.collect_view()),
    ))
}

/// Google's G in its four colors, on white
/// (<https://developers.google.com/identity/branding-guidelines>).
const GOOGLE: Mark = Mark {
    view_box: "0 0 48 48",
    white_background: true,
    shapes: &[
        (
            "M24 9.5c3.54 0 6.71 1.22 9.21 3.6l6.85-6.85C35.9 2.38 30.47 0 24 0 14.62 0 6.51 5.38 \
             2.56 13.22l7.98 6.19C12.43 13.72 17.74 9.5 24 9.5z",
            Some("#ea4335"),
        ),
        (
            "M46.98 24.55c0-1.57-.15-3.09-.38-4.55H24v9.02h12.94c-.58 2.96-2.26 5.48-4.78 \
             7.18l7.73 6c4.51-4.18 7.09-10.36 7.09-17.65z",
            Some("#4285f4"),
        ),
        (
            "M10.53 28.59c-.48-1.45-.76-2.99-.76-4.59s.27-3.14.76-4.59l-7.98-6.19C.92 16.46 0 \
             20.12 0 24c0 3.88.92 7.54 2.56 10.78l7.97-6.19z",
            Some("#fbbc05"),
        ),
        (
            "M24 48c6.48 0 11.93-2.13 15.89-5.81l-7.73-6c-2.15 1.45-4.92 2.3-8.16 2.3-6.26 \
             0-11.57-4.22-13.47-9.91l-7.98 6.19C6.51 42.62 14.62 48 24 48z",
            Some("#34a853"),
        ),
    ],
};

/// GitHub's mark, in one color (<https://github.com/logos>).
const GITHUB: Mark = Mark {
    view_box: "0 0 16 16",
    white_background: false,
    shapes: &[(
        "M8 0C3.58 0 0 3.58 0 8c0 3.54 2.29 6.53 5.47 7.59.4.07.55-.17.55-.38 \
         0-.19-.01-.82-.01-1.49-2.01.37-2.53-.49-2.69-.94-.09-.23-.48-.94-.82-1.13-.28-.15-.68-.52\
         -.01-.53.63-.01 1.08.58 1.23.82.72 1.21 1.87.87 2.33.66.07-.52.28-.87.51-1.07-1.78-.2\
         -3.64-.89-3.64-3.95 0-.87.31-1.59.82-2.15-.08-.2-.36-1.02.08-2.12 0 0 \
         .67-.21 2.2.82.64-.18 1.32-.27 2-.27s1.36.09 2 .27c1.53-1.04 2.2-.82 2.2-.82.44 1.1.16 \
         1.92.08 2.12.51.56.82 1.27.82 2.15 0 3.07-1.87 3.75-3.65 3.95.29.25.54.73.54 1.48 0 \
         1.07-.01 1.93-.01 2.2 0 .21.15.46.55.38A8.01 8.01 0 0 0 16 8c0-4.42-3.58-8-8-8z",
        None,
    )],
};

/// Microsoft's four squares
/// (<https://learn.microsoft.com/entra/identity-platform/howto-add-branding-in-apps>).
const MICROSOFT: Mark = Mark {
    view_box: "0 0 21 21",
    white_background: false,
    shapes: &[
        ("M0 0h10v10H0z", Some("#f25022")),
        ("M11 0h10v10H11z", Some("#7fba00")),
        ("M0 11h10v10H0z", Some("#00a4ef")),
        ("M11 11h10v10H11z", Some("#ffb900")),
    ],
};

/// GitLab's tanuki (<https://about.gitlab.com/press/press-kit/>).
const GITLAB: Mark = Mark {
    view_box: "0 0 24 24",
    white_background: false,
    shapes: &[
        ("M12 22.1 16.4 8.5H7.6z", Some("#e24329")),
        (
            "M12 22.1 7.6 8.5H1.4zM12 22.1 16.4 8.5h6.2z",
            Some("#fc6d26"),
        ),
        (
            "M1.4 8.5.1 12.6c-.1.4 0 .8.3 1L12 22.1zM22.6 8.5l1.3 4.1c.1.4 0 .8-.3 1L12 22.1z",
            Some("#fca326"),
        ),
        (
            "M1.4 8.5h6.2L4.9.4c-.1-.4-.7-.4-.8 0zM22.6 8.5h-6.2L19.1.4c.1-.4.7-.4.8 0z",
            Some("#e24329"),
        ),
    ],
};

/// Okta's ring, in one color (<https://developer.okta.com/docs/guides/okta-branding>).
const OKTA: Mark = Mark {
    view_box: "0 0 24 24",
    white_background: false,
    shapes: &[(
        "M12 0a12 12 0 1 0 0 24 12 12 0 0 0 0-24zm0 18a6 6 0 1 1 0-12 6 6 0 0 1 0 12z",
        None,
    )],
};

/// Auth0's shield, in one color (<https://auth0.com/press>).
const AUTH0: Mark = Mark {
    view_box: "0 0 24 24",
    white_background: false,
    shapes: &[(
        "M21.98 7.45 19.62 0H4.35L2.02 7.45c-1.35 4.31.03 9.2 3.82 12.01L12.01 24l6.16-4.54c3.75\
         -2.81 5.18-7.69 3.81-12.01l-6.16 4.58 2.34 7.45-6.15-4.6-6.16 4.58 2.36-7.43-6.19-4.55 \
         7.63-.05L12.01 0l2.35 7.4 7.62.05z",
        None,
    )],
};
