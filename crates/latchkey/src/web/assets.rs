//! The files of the single-page app, in memory. They come from a directory or are embedded in the
//! binary.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, VARY,
};
use axum::http::{HeaderMap, Response};
use latchkey_web::shell::{HeadHtml, head_of};

/// Empty unless the binary was built with the app embedded.
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Where the files of the administration console are.
const CONSOLE_DIRECTORY: &str = "/console/";
/// The page that Trunk generates for the console. It is not served.
const CONSOLE_INDEX: &str = "console/index.html";

/// The files of the app by path, and the head of its pages.
#[derive(Default)]
pub struct Assets {
    files: HashMap<String, File>,
    head: Option<HeadHtml>,
    console: Vec<String>,
}

struct File {
    content_type: &'static str,
    /// Whether the name contains a hash of the content.
    hashed: bool,
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
}

/// The app cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum AssetsError {
    /// The directory cannot be read.
    #[error("web_dir: {path} cannot be read")]
    Io {
        /// The directory, or a file in it.
        path: String,
        /// The error from the operating system.
        source: io::Error,
    },
    /// The directory was not built by Trunk.
    #[error(
        "web_dir: {path} contains no index.html with a <head>; build the app into it with Trunk"
    )]
    NoIndex {
        /// The directory.
        path: String,
    },
}

impl Assets {
    /// Reads the files of the directory. Without a directory, uses the embedded files, if any.
    pub fn load(folder: Option<&Path>) -> Result<Self, AssetsError> {
        let Some(folder) = folder else {
            let files = EMBEDDED
                .iter()
                .map(|(name, bytes)| ((*name).to_owned(), Bytes::from_static(bytes)));
            return Ok(Self::of(files));
        };
        let mut files = Vec::new();
        read(folder, folder, &mut files)
            .map_err(|(path, source)| AssetsError::Io { path, source })?;
        let assets = Self::of(files);
        match assets.head {
            Some(_) => Ok(assets),
            None => Err(AssetsError::NoIndex {
                path: folder.display().to_string(),
            }),
        }
    }

    fn of(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let mut all: HashMap<String, Bytes> = files.into_iter().collect();
        let names: Vec<_> = all
            .keys()
            .filter(|name| !is_compressed(name))
            .cloned()
            .collect();
        let mut assets = Self::default();
        for name in names {
            let brotli = all.remove(&format!("{name}.br"));
            let gzip = all.remove(&format!("{name}.gz"));
            let Some(plain) = all.remove(&name) else {
                continue;
            };
            if name == "index.html" {
                assets.head = std::str::from_utf8(&plain).ok().and_then(head_of);
                continue;
            }
            // The console is mounted in a page of the app and has no page of its own.
            if name == CONSOLE_INDEX {
                continue;
            }
            let content_type = content_type(&name);
            let file = File {
                content_type,
                hashed: is_hashed(&name),
                plain,
                brotli,
                gzip,
            };
            assets.files.insert(format!("/{name}"), file);
        }
        assets.console = assets.find_console().unwrap_or_default();
        assets
    }

    /// The head that Trunk generated; `None` without an app.
    pub const fn head(&self) -> Option<&HeadHtml> {
        self.head.as_ref()
    }

    /// The `<link>` elements for the head of a page that is not part of the app.
    pub fn page_head(&self) -> String {
        let icon = self.icon();
        let icon = icon.map(|path| format!(r#"<link rel="icon" href="{path}">"#));
        let sheets = self.style_sheets().into_iter();
        let sheets = sheets.map(|path| format!(r#"<link rel="stylesheet" href="{path}">"#));
        icon.into_iter().chain(sheets).collect()
    }

    /// The paths of the script, the WebAssembly module and the style sheet of the administration
    /// console, in this order; empty without a console.
    pub fn console(&self) -> &[String] {
        &self.console
    }

    fn find_console(&self) -> Option<Vec<String>> {
        let find = |extension: &&str| {
            let mut paths = self.files.keys();
            let found = paths.find(|path| {
                let name = path.strip_prefix(CONSOLE_DIRECTORY);
                name.is_some_and(|name| !name.contains('/') && name.ends_with(*extension))
            });
            found.cloned()
        };
        [".js", ".wasm", ".css"].iter().map(find).collect()
    }

    /// The paths of all style sheets of the app, sorted by name.
    pub fn style_sheets(&self) -> Vec<&str> {
        let mut paths: Vec<_> = self
            .files
            .keys()
            .map(String::as_str)
            .filter(|path| content_type(path).starts_with("text/css"))
            .filter(|path| !path.starts_with(CONSOLE_DIRECTORY))
            .collect();
        paths.sort_unstable();
        paths
    }

    /// The path of the icon.
    pub fn icon(&self) -> Option<&str> {
        let mut paths = self.files.keys().map(String::as_str);
        paths.find(|path| path.starts_with("/favicon"))
    }

    /// The file at this path, in the best encoding that the request accepts.
    pub fn find(&self, path: &str, request: &HeaderMap) -> Option<Response<Body>> {
        let file = self.files.get(path)?;
        let accepted = request
            .get(ACCEPT_ENCODING)
            .and_then(|value| value.to_str().ok());
        let accepts = |encoding: &str| {
            accepted.unwrap_or_default().split(',').any(|item| {
                let mut parts = item.trim().split(';');
                let is_excluded = |part: &str| {
                    let weight = part.trim().strip_prefix("q=");
                    weight.is_some_and(|weight| weight.parse() == Ok(0.0))
                };
                parts.next() == Some(encoding) && !parts.any(is_excluded)
            })
        };
        let (bytes, encoding) = match (&file.brotli, &file.gzip) {
            (Some(bytes), _) if accepts("br") => (bytes, Some("br")),
            (_, Some(bytes)) if accepts("gzip") => (bytes, Some("gzip")),
            _ => (&file.plain, None),
        };
        let mut response = Response::new(Body::from(bytes.clone()));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        let caching = if file.hashed {
            "public, max-age=31536000, immutable"
        } else {
            "public, max-age=3600"
        };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
        if let Some(encoding) = encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        Some(response)
    }
}

fn read(
    root: &Path,
    folder: &Path,
    files: &mut Vec<(String, Bytes)>,
) -> Result<(), (String, io::Error)> {
    let with_path = |path: &Path| {
        let path = path.display().to_string();
        move |error| (path, error)
    };
    for entry in fs::read_dir(folder).map_err(with_path(folder))? {
        let path = entry.map_err(with_path(folder))?.path();
        if path.is_dir() {
            read(root, &path, files)?;
        } else if let Ok(name) = path.strip_prefix(root) {
            let bytes = fs::read(&path).map_err(with_path(&path))?;
            files.push((name.to_string_lossy().replace('\\', "/"), bytes.into()));
        }
    }
    Ok(())
}

fn is_compressed(name: &str) -> bool {
    matches!(
        Path::new(name).extension().and_then(|end| end.to_str()),
        Some("br" | "gz")
    )
}

/// Trunk names hashed files like `main-0123456789abcdef.css`, `app-0123456789abcdef_bg.wasm`.
fn is_hashed(name: &str) -> bool {
    let stem = name.rsplit('/').next().unwrap_or(name);
    let stem = stem.split('.').next().unwrap_or(stem);
    let stem = stem.strip_suffix("_bg").unwrap_or(stem);
    stem.rsplit_once('-').is_some_and(|(_, hash)| {
        (8..=64).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn content_type(name: &str) -> &'static str {
    match Path::new(name).extension().and_then(|end| end.to_str()) {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "webmanifest") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::http::HeaderMap;
    use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue};

    use super::{Assets, is_hashed};

    fn assets() -> Assets {
        let files = [
            "app-0123456789abcdef.js",
            "app-0123456789abcdef.js.br",
            "favicon.svg",
        ];
        Assets::of(files.map(|name| (name.to_owned(), Bytes::from(name))))
    }

    fn accepting(encodings: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(encodings))])
    }

    #[test]
    fn files_of_the_console_are_separate_from_those_of_the_app() {
        let names = [
            "main-0123456789abcdef.css",
            "console/index.html",
            "console/latchkey-console-0123456789abcdef.js",
            "console/latchkey-console-0123456789abcdef_bg.wasm",
            "console/console-0123456789abcdef.css",
            "console/snippets/x/inline0.js",
        ];
        let assets = Assets::of(names.map(|name| (name.to_owned(), Bytes::from(name))));
        let console = [names[2], names[3], names[4]].map(|name| format!("/{name}"));
        assert_eq!(assets.console(), console);
        assert_eq!(assets.style_sheets(), ["/main-0123456789abcdef.css"]);
        assert!(
            assets
                .find("/console/index.html", &HeaderMap::new())
                .is_none()
        );
        assert!(Assets::default().console().is_empty());
    }

    #[test]
    fn names_with_a_hash_are_recognized() {
        for name in [
            "app-0123456789abcdef_bg.wasm",
            "a-b-0123456789abcdef.css",
            "x/y-01234567.js",
        ] {
            assert!(is_hashed(name), "{name}");
        }
        for name in ["favicon.svg", "apple-touch-icon.png", "app.js", "a-b.css"] {
            assert!(!is_hashed(name), "{name}");
        }
    }

    #[test]
    fn compressed_files_are_only_sent_to_clients_that_accept_them() {
        let encoding = |accepted| {
            let found = assets().find("/app-0123456789abcdef.js", &accepting(accepted));
            found
                .expect("the file")
                .headers()
                .get(CONTENT_ENCODING)
                .cloned()
        };
        assert_eq!(
            encoding("gzip, deflate, br"),
            Some(HeaderValue::from_static("br"))
        );
        for accepted in ["", "gzip", "br;q=0", "br; q=0.000", "identity"] {
            assert_eq!(encoding(accepted), None, "{accepted}");
        }
    }

    #[test]
    fn only_files_of_the_app_are_served() {
        for path in [
            "/",
            "/favicon",
            "/../favicon.svg",
            "/app-0123456789abcdef.js.br",
            "/index.html",
        ] {
            assert!(assets().find(path, &HeaderMap::new()).is_none(), "{path}");
        }
        assert!(assets().find("/favicon.svg", &HeaderMap::new()).is_some());
    }
}
