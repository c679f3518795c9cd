//! The two content codings in which the files of the pages are stored, except files whose format is
//! already compressed.

use std::io::{Read, Write};

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// A content coding (RFC 9110 §8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// RFC 7932.
    Brotli,
    /// RFC 1952.
    Gzip,
}

impl Encoding {
    /// Both content codings.
    pub(crate) const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// The name in `Accept-Encoding` and `Content-Encoding`.
    pub(crate) const fn token(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The file name extension: `main.css.br`.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gz",
        }
    }

    /// Compresses at the highest level, because files are compressed once and sent many times.
    pub(crate) fn compress(self, mut plain: &[u8]) -> Result<Vec<u8>> {
        let mut compressed = Vec::new();
        match self {
            Self::Brotli => {
                let best = BrotliEncoderParams {
                    quality: 11,
                    lgwin: 24,
                    ..Default::default()
                };
                brotli::BrotliCompress(&mut plain, &mut compressed, &best)
                    .context("brotli compression failed")?;
            }
            Self::Gzip => {
                let mut encoder = GzEncoder::new(&mut compressed, Compression::best());
                encoder
                    .write_all(plain)
                    .context("gzip compression failed")?;
                encoder.finish().context("gzip compression failed")?;
            }
        }
        Ok(compressed)
    }

    /// Decompresses the bytes.
    pub(crate) fn decompress(self, mut compressed: &[u8]) -> Result<Vec<u8>> {
        let mut plain = Vec::new();
        match self {
            Self::Brotli => brotli::BrotliDecompress(&mut compressed, &mut plain),
            Self::Gzip => GzDecoder::new(compressed)
                .read_to_end(&mut plain)
                .map(|_| ()),
        }
        .with_context(|| format!("not valid {}", self.token()))?;
        Ok(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_codings_round_trip_and_compress() {
        let plain = b"latchkey ".repeat(500);
        for encoding in Encoding::ALL {
            let compressed = encoding.compress(&plain).expect("compresses");
            assert!(
                compressed.len() < plain.len() / 10,
                "{encoding:?}: {}",
                compressed.len()
            );
            assert_eq!(
                encoding.decompress(&compressed).expect("decompresses"),
                plain
            );
        }
    }

    #[test]
    fn uncompressed_data_is_rejected() {
        for encoding in Encoding::ALL {
            assert!(
                encoding.decompress(b"<!doctype html>").is_err(),
                "{encoding:?}"
            );
        }
    }
}
