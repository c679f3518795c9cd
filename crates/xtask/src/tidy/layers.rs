//! A module imports only from modules of its own layer and of lower layers, as listed in `LAYERS`.

use super::finding::Finding;
use super::imports::{Import, imports};
use super::tree::Tree;

/// The layers of a crate from top to bottom. Each layer has one or more modules: a file, or a
/// directory and the file of the same name. Every file of these crates except `lib.rs` and
/// `main.rs` belongs to one of these modules.
const LAYERS: [(&str, &[&[&str]]); 3] = [
    (
        "guard",
        &[
            &["extract", "layer"],
            &["guard"],
            &["error", "step_up"],
            &["proof", "problem"],
            &["access", "used_proofs"],
            &["denylist", "freshness", "keys", "replay_cache"],
        ],
    ),
    (
        "axum",
        &[
            &["builder"],
            &["latchkey"],
            &["jobs", "manage"],
            &["http"],
            &["use_cases"],
            &["services"],
            &["backup", "open"],
            &["claims", "clock", "event", "provider", "settings"],
        ],
    ),
    (
        "latchkey",
        &[
            &["commands"],
            &["app"],
            &["control", "metrics", "signals", "telemetry", "tls", "web"],
            &["config", "failure"],
            &["cli"],
        ],
    ),
];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, imports) in imports(tree) {
        let Some((_, layers)) = LAYERS.iter().find(|(of, _)| *of == name) else {
            continue;
        };
        findings.extend(imports.iter().filter_map(|it| wrong(name, layers, it)));
    }
    findings
}

fn wrong(name: &str, layers: &[&[&str]], import: &Import) -> Option<Finding> {
    let place = |path: &str| {
        let inside = path.strip_prefix(&format!("crates/{name}/src/"))?;
        let module = inside.split('/').next()?.trim_end_matches(".rs");
        let layer = layers.iter().position(|modules| modules.contains(&module));
        Some((module.to_owned(), layer))
    };
    let (from, to) = (place(&import.from)?, place(&import.to)?);
    let is_root = |module: &str| module == "lib" || module == "main";
    if is_root(&from.0) || is_root(&to.0) {
        return None;
    }
    let found = |what: String| Some(Finding::new(&*import.from, import.line, what));
    match (from, to) {
        ((module, None), _) | (_, (module, None)) => found(format!(
            "`{module}` is in no layer of `{name}`: add it to LAYERS in tidy/layers.rs"
        )),
        ((from, Some(lower)), (to, Some(upper))) if lower > upper => found(format!(
            "imports {} from `{to}`, which is above `{from}`: move what both need to a \
             lower layer",
            import.name
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::finding::reported;

    fn findings(files: &[(&str, &str)]) -> Vec<String> {
        reported(check, files)
    }

    #[test]
    fn an_import_from_a_higher_layer_is_found() {
        let found = findings(&[
            ("crates/axum/src/lib.rs", "mod http; mod use_cases;"),
            ("crates/axum/src/http.rs", "pub mod error;"),
            ("crates/axum/src/http/error.rs", "pub struct ApiError;"),
            ("crates/axum/src/use_cases.rs", "pub mod refresh;"),
            (
                "crates/axum/src/use_cases/refresh.rs",
                "use crate::http::error::ApiError;\nfn f(_: ApiError) {}",
            ),
        ]);
        assert_eq!(
            found,
            [
                "crates/axum/src/use_cases/refresh.rs:1: imports ApiError from `http`, which is above \
                 `use_cases`: move what both need to a lower layer"
            ]
        );
    }

    #[test]
    fn an_import_from_a_lower_layer_is_accepted_and_an_unlisted_module_is_found() {
        let found = findings(&[
            (
                "crates/axum/src/lib.rs",
                "mod http; mod services; mod extras;",
            ),
            (
                "crates/axum/src/http.rs",
                "use crate::services::Services;\nfn f(_: Services) {}",
            ),
            ("crates/axum/src/services.rs", "pub struct Services;"),
            (
                "crates/axum/src/extras.rs",
                "use crate::services::Services;\nfn f(_: Services) {}",
            ),
        ]);
        assert_eq!(
            found,
            [
                "crates/axum/src/extras.rs:1: `extras` is in no layer of `axum`: add it to LAYERS \
                 in tidy/layers.rs"
            ]
        );
    }
}
