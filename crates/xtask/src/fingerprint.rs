//! Fingerprints of files, to detect whether a build output is up to date.

use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;

use anyhow::{Context, Result};

/// A fingerprint of files and settings. Not cryptographic: it only has to detect changes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint(String);

impl Fingerprint {
    /// Computes the fingerprint of the names and contents of `inputs` under `root`, and of
    /// `settings`. An input is a file, a directory (without hidden entries), or missing.
    pub(crate) fn of(root: &Path, inputs: &[&str], settings: &[&str]) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        for setting in settings {
            hash(&mut hasher, setting.as_bytes());
        }
        for input in inputs {
            add(&mut hasher, root, input)?;
        }
        let mut text = String::new();
        write!(text, "{:016x}", hasher.finish())?;
        Ok(Self(text))
    }

    /// Whether `file` contains this fingerprint.
    pub(crate) fn is_recorded(&self, file: &Path) -> bool {
        fs::read_to_string(file).is_ok_and(|text| text.trim() == self.0)
    }

    /// Writes the fingerprint to `file`.
    pub(crate) fn record(&self, file: &Path) -> Result<()> {
        fs::write(file, format!("{}\n", self.0))
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

fn add(hasher: &mut DefaultHasher, root: &Path, relative: &str) -> Result<()> {
    let path = root.join(relative);
    hash(hasher, relative.as_bytes());
    if path.is_dir() {
        let mut names = Vec::new();
        let entries = fs::read_dir(&path).with_context(|| unreadable(&path))?;
        for entry in entries {
            let entry = entry.with_context(|| unreadable(&path))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // Skip temporary files of tools, such as Trunk's `.stage`.
            if !name.starts_with('.') {
                names.push(name);
            }
        }
        names.sort();
        for name in names {
            add(hasher, root, &format!("{relative}/{name}"))?;
        }
    } else if path.is_file() {
        hash(hasher, &fs::read(&path).with_context(|| unreadable(&path))?);
    }
    Ok(())
}

/// Includes the length, so that different lists of parts never produce the same input.
fn hash(hasher: &mut DefaultHasher, bytes: &[u8]) {
    hasher.write_usize(bytes.len());
    hasher.write(bytes);
}

fn unreadable(path: &Path) -> String {
    format!("cannot read {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(root: &Path) -> Fingerprint {
        Fingerprint::of(root, &["src", "lock"], &["release"]).expect("readable")
    }

    #[test]
    fn names_contents_and_settings_change_the_fingerprint() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir_all(root.join("src/deep")).expect("created");
        fs::write(root.join("src/deep/a"), "1").expect("written");
        let first = fingerprint(root);
        assert_eq!(fingerprint(root), first, "nothing changed");

        fs::write(root.join("elsewhere"), "x").expect("written");
        fs::create_dir(root.join("src/.stage")).expect("created");
        assert_eq!(fingerprint(root), first, "not an input");

        fs::write(root.join("src/deep/a"), "2").expect("written");
        let second = fingerprint(root);
        assert_ne!(second, first, "other contents");

        fs::rename(root.join("src/deep/a"), root.join("src/deep/b")).expect("renamed");
        assert_ne!(fingerprint(root), second, "another name");

        let quick = Fingerprint::of(root, &["src", "lock"], &["quick"]).expect("readable");
        assert_ne!(quick, fingerprint(root), "other settings");
    }

    #[test]
    fn a_recorded_fingerprint_is_recognized() {
        let folder = tempfile::tempdir().expect("a folder");
        let record = folder.path().join("stamp");
        let fingerprint = fingerprint(folder.path());
        assert!(!fingerprint.is_recorded(&record));
        fingerprint.record(&record).expect("written");
        assert!(fingerprint.is_recorded(&record));
    }
}
