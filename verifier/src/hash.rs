use alloc::string::String;
use core::{fmt, str::FromStr};
use sha2::{Digest, Sha256};

/// A SHA-256 value: 32 bytes, shown as hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Stands where there is nothing to hash: the root of an empty list, the parent of genesis.
    pub const ZERO: Hash = Hash([0; 32]);

    /// The first eight hexadecimal digits, for people.
    pub fn short(&self) -> String {
        alloc::format!("{self}").chars().take(8).collect()
    }
}

/// What was given as a hash is not 32 bytes or not 64 hexadecimal digits.
#[derive(Debug)]
pub struct HashError;

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a hash has 32 bytes, written as 64 hexadecimal digits")
    }
}

impl core::error::Error for HashError {}

impl TryFrom<&[u8]> for Hash {
    type Error = HashError;
    fn try_from(bytes: &[u8]) -> Result<Self, HashError> {
        bytes.try_into().map(Hash).map_err(|_| HashError)
    }
}

impl FromStr for Hash {
    type Err = HashError;
    fn from_str(text: &str) -> Result<Self, HashError> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(HashError);
        }
        let digit = |d: u8| (d as char).to_digit(16).map(|d| d as u8).ok_or(HashError);
        let mut out = [0; 32];
        for (byte, pair) in out.iter_mut().zip(digits.chunks(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Hash(out))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// SHA-256 of a domain and its data: `domain 00 data`. The zero byte keeps domains apart that
/// begin alike.
pub fn hash(domain: &str, data: &[u8]) -> Hash {
    hash_parts(&[domain.as_bytes(), &[0], data])
}

/// SHA-256 of the parts one after the other. The caller sees to it that the parts cannot be cut
/// differently and give the same bytes.
pub fn hash_parts(parts: &[&[u8]]) -> Hash {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update(part);
    }
    Hash(sha.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn hash_is_sha256_of_domain_zero_and_data() {
        assert_eq!(hash("abc", b"def"), hash_parts(&[b"abc\0def"]));
        // The example of FIPS 180-2.
        let abc = hash_parts(&[b"abc"]).to_string();
        assert_eq!(abc, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn hashes_survive_their_text_form() {
        let h = hash("a", b"b");
        assert_eq!(h.to_string().parse::<Hash>().ok(), Some(h));
        assert_eq!(h.to_string()[..8], h.short());
        assert!("zz".parse::<Hash>().is_err());
        assert!("+1".repeat(32).parse::<Hash>().is_err());
    }
}
