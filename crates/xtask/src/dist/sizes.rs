//! The sizes of the binary and the pages, plain and compressed.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Dist;

/// The size of one kind of file, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bytes {
    /// Uncompressed.
    pub(crate) plain: u64,
    /// Compressed with brotli, or uncompressed if there is no brotli variant.
    pub(crate) brotli: u64,
}

/// The sizes of the binary and of the pages in it, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// The binary with the embedded pages.
    pub(crate) program: u64,
    /// The WASM module of the app.
    pub(crate) wasm: Bytes,
    /// The scripts of the app.
    pub(crate) js: Bytes,
    /// The style sheets of the app.
    pub(crate) css: Bytes,
    /// All files of the app, which every browser loads.
    pub(crate) all: Bytes,
    /// All files of the administration console, which only administrators load.
    pub(crate) console: Bytes,
}

/// The name of the console's directory, which is inside the directory of the pages.
const CONSOLE: &str = "console";

impl Sizes {
    /// Measures what was built.
    pub(crate) fn of(dist: &Dist) -> Result<Self> {
        let mut sizes = Self {
            program: length(&dist.program)?,
            ..Self::default()
        };
        sizes.add(&dist.pages)?;
        Ok(sizes)
    }

    fn add(&mut self, pages: &Path) -> Result<()> {
        let console = pages.join(CONSOLE);
        self.add_folder(pages, &console)?;
        if console.is_dir() {
            let mut files = Self::default();
            files.add_folder(&console, &console)?;
            self.console = files.all;
        }
        Ok(())
    }

    /// Adds all files below `folder`, except those in its subfolder `except`.
    fn add_folder(&mut self, folder: &Path, except: &Path) -> Result<()> {
        let unreadable = || format!("cannot read {}", folder.display());
        for entry in fs::read_dir(folder).with_context(unreadable)? {
            let path = entry.with_context(unreadable)?.path();
            let extension = path
                .extension()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                if path != except {
                    self.add_folder(&path, except)?;
                }
            } else if !["br", "gz"].contains(&extension.as_str()) {
                self.add_file(&path, &extension)?;
            }
        }
        Ok(())
    }

    fn add_file(&mut self, path: &Path, extension: &str) -> Result<()> {
        let mut compressed = path.to_owned().into_os_string();
        compressed.push(".br");
        let plain = length(path)?;
        let brotli = length(Path::new(&compressed)).unwrap_or(plain);
        let kind = match extension {
            "wasm" => Some(&mut self.wasm),
            "js" => Some(&mut self.js),
            "css" => Some(&mut self.css),
            _ => None,
        };
        for bytes in [kind, Some(&mut self.all)].into_iter().flatten() {
            bytes.plain += plain;
            bytes.brotli += brotli;
        }
        Ok(())
    }

    /// The sizes of the pages by kind of file, with labels.
    pub(crate) fn rows(&self) -> [(&'static str, Bytes); 5] {
        [
            ("wasm", self.wasm),
            ("js", self.js),
            ("css", self.css),
            ("all pages", self.all),
            ("console", self.console),
        ]
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  binary     {:>9}", kilobytes(self.program))?;
        for (name, bytes) in self.rows() {
            let (plain, brotli) = (kilobytes(bytes.plain), kilobytes(bytes.brotli));
            writeln!(f, "  {name:<10} {plain:>9}   {brotli:>9} with brotli")?;
        }
        Ok(())
    }
}

/// A size in thousands of bytes: `100.3 KB`.
#[expect(clippy::cast_precision_loss, reason = "displayed with one decimal")]
pub(crate) fn kilobytes(bytes: u64) -> String {
    format!("{:.1} KB", bytes as f64 / 1000.0)
}

fn length(file: &Path) -> Result<u64> {
    let meta = fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(meta.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_counted_once_and_the_console_separately() {
        let folder = tempfile::tempdir().expect("a folder");
        let pages = folder.path().join("pages");
        fs::create_dir_all(pages.join("snippets")).expect("created");
        fs::create_dir_all(pages.join("console")).expect("created");
        for (name, length) in [
            ("a_bg.wasm", 1000),
            ("a_bg.wasm.br", 400),
            ("a_bg.wasm.gz", 500),
            ("a.js", 100),
            ("a.js.br", 30),
            ("snippets/b.js", 50),
            ("snippets/b.js.br", 20),
            ("icon.png", 7),
            ("console/c_bg.wasm", 600),
            ("console/c_bg.wasm.br", 200),
            ("console/c.css", 10),
        ] {
            fs::write(pages.join(name), vec![0; length]).expect("written");
        }
        let program = folder.path().join("latchkey");
        fs::write(&program, vec![0; 5000]).expect("written");
        let sizes = Sizes::of(&Dist { program, pages }).expect("readable");
        assert_eq!(sizes.program, 5000);
        assert_eq!(
            sizes.wasm,
            Bytes {
                plain: 1000,
                brotli: 400
            }
        );
        assert_eq!(
            sizes.js,
            Bytes {
                plain: 150,
                brotli: 50
            }
        );
        assert_eq!(
            sizes.console,
            Bytes {
                plain: 610,
                brotli: 210
            }
        );
        assert_eq!(
            sizes.all,
            Bytes {
                plain: 1157,
                brotli: 457
            }
        );
    }

    #[test]
    fn sizes_are_displayed_in_thousands_of_bytes() {
        assert_eq!(kilobytes(100_349), "100.3 KB");
    }
}
