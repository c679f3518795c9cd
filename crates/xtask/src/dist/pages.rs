//! Prepares the directory to embed: the pages, each file with its compressed variants.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Encoding;
use crate::{progress, spa};

/// Extensions of files that are compressed already.
const ALREADY_COMPRESSED: [&str; 6] = ["png", "jpg", "webp", "avif", "woff2", "ico"];

/// Fills `pages` from Trunk's output in `dist`, unless `pages` is up to date.
pub(crate) fn prepare(dist: &Path, pages: &Path) -> Result<()> {
    let fingerprint = spa::outputs(dist)?;
    let record = pages.with_extension("stamp");
    if pages.is_dir() && fingerprint.is_recorded(&record) {
        return Ok(());
    }
    progress::step("Compressing the pages", || {
        if pages.exists() {
            fs::remove_dir_all(pages)
                .with_context(|| format!("cannot clear {}", pages.display()))?;
        }
        copy(dist, pages)
    })?;
    fingerprint.record(&record)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    let unreadable = || format!("cannot read {}", from.display());
    for entry in fs::read_dir(from).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        // Skip what an interrupted build leaves behind, such as Trunk's `.stage`.
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if source.is_dir() {
            copy(&source, &target)?;
            continue;
        }
        let plain =
            fs::read(&source).with_context(|| format!("cannot read {}", source.display()))?;
        write(&target, &plain)?;
        let extension = source.extension().unwrap_or_default().to_string_lossy();
        if ALREADY_COMPRESSED.contains(&extension.as_ref()) {
            continue;
        }
        for encoding in Encoding::ALL {
            let mut name = target.clone().into_os_string();
            name.push(format!(".{}", encoding.extension()));
            write(Path::new(&name), &encoding.compress(&plain)?)?;
        }
    }
    Ok(())
}

fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressible_files_get_variants_and_stale_files_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (dist, pages) = (folder.path().join("dist"), folder.path().join("pages"));
        fs::create_dir_all(dist.join("snippets")).expect("made");
        fs::create_dir_all(dist.join(".stage")).expect("made");
        fs::write(dist.join("index.html"), "<p>".repeat(100)).expect("written");
        fs::write(dist.join("snippets/a.js"), "1;".repeat(100)).expect("written");
        fs::write(dist.join("icon.png"), "png").expect("written");
        prepare(&dist, &pages).expect("prepared");
        for file in [
            "index.html",
            "index.html.br",
            "index.html.gz",
            "snippets/a.js.br",
            "icon.png",
        ] {
            assert!(pages.join(file).is_file(), "{file}");
        }
        assert!(!pages.join("icon.png.br").exists());
        assert!(!pages.join(".stage").exists());

        fs::remove_dir_all(dist.join("snippets")).expect("removed");
        prepare(&dist, &pages).expect("prepared again");
        assert!(!pages.join("snippets").exists());
    }

    #[test]
    fn nothing_is_written_if_nothing_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (dist, pages) = (folder.path().join("dist"), folder.path().join("pages"));
        fs::create_dir_all(&dist).expect("made");
        fs::write(dist.join("index.html"), "x").expect("written");
        prepare(&dist, &pages).expect("prepared");
        fs::write(pages.join("mark"), "").expect("written");
        prepare(&dist, &pages).expect("prepared again");
        assert!(
            pages.join("mark").exists(),
            "the directory was created again"
        );
    }
}
