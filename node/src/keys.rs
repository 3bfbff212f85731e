//! Keys on disk: one file a key, readable by its owner alone.
//!
//! ```text
//! stint-key-v1 <64 hexadecimal digits: the ed25519 seed>
//! ```

use ed25519_dalek::SigningKey;
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

const PREFIX: &str = "stint-key-v1 ";

/// A key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It cannot be read or written.
    #[error("the key file {path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Others may read it.
    #[error("the key file {path} can be read by others (mode {mode:03o}); make it yours alone: chmod 600 {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Its content is no key.
    #[error("the file {0} holds no key; one line is accepted: {PREFIX}<64 hexadecimal digits>")]
    Content(PathBuf),
    /// The system gives no randomness.
    #[error("no randomness for a new key: {0}")]
    Random(String),
}

/// Draws a new key.
pub fn generate() -> Result<SigningKey, KeyError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|e| KeyError::Random(e.to_string()))?;
    Ok(SigningKey::from_bytes(&seed))
}

/// Writes a key to a new file that only its owner may read.
pub fn write(path: &Path, key: &SigningKey) -> Result<(), KeyError> {
    let failed = |error| KeyError::File { path: path.into(), error };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    let line = Zeroizing::new(format!("{PREFIX}{}\n", hex::encode(key.to_bytes())));
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

/// Reads a key from a file that only its owner may read.
pub fn read(path: &Path) -> Result<SigningKey, KeyError> {
    let failed = |error| KeyError::File { path: path.into(), error };
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Open { path: path.into(), mode });
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
    let mut seed = Zeroizing::new([0; 32]);
    let digits = text.trim_end().strip_prefix(PREFIX);
    let decoded = digits.is_some_and(|d| hex::decode_to_slice(d, &mut *seed).is_ok());
    if decoded { Ok(SigningKey::from_bytes(&seed)) } else { Err(KeyError::Content(path.into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        let key = generate().unwrap();
        write(&path, &key).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read(&path).unwrap().to_bytes(), key.to_bytes());
        assert!(write(&path, &key).is_err(), "an existing key is never overwritten");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "stint-key-v1 12").unwrap();
        assert!(matches!(read(&path), Err(KeyError::Content(_))));
    }
}
