//! Keys on disk: one file a key, readable by its owner alone.
//!
//! ```text
//! stint-key-v1 <64 hexadecimal digits: the ed25519 seed>
//! ```

use crate::KeyStore;
use ed25519_dalek::SigningKey;
use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write},
    ops::Deref,
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
    /// The name cannot be a key's.
    #[error("{0}")]
    Name(String),
    /// A key of that name is there.
    #[error("there is a key {name} already, in {path}; show it with: stint key show {name}")]
    Taken {
        /// The name.
        name: String,
        /// Its file.
        path: PathBuf,
    },
    /// No key has that name.
    #[error("there is no key {name}, neither by that name nor as a file; {known}; make one with: stint key new {name}")]
    Unknown {
        /// The name.
        name: String,
        /// Which there are.
        known: String,
    },
    /// There is no folder for keys.
    #[error("there is no home folder, so keys by name have no place; name a folder for them in STINT_KEYS")]
    Homeless,
    /// The system gives no randomness.
    #[error("no randomness for a new key: {0}")]
    Random(String),
}

/// An agent's key. What it is made of is never printed.
#[derive(Clone)]
pub struct Key(SigningKey);

impl Key {
    /// Reads a key file.
    pub fn load(path: impl AsRef<Path>) -> Result<Key, KeyError> {
        read(path.as_ref()).map(Key)
    }

    /// The key that `stint key new` keeps under a name in the user's store.
    pub fn named(name: &str) -> Result<Key, KeyError> {
        KeyStore::of_user()?.named(name)
    }

    /// Draws a new key and writes it to a new file; none is ever overwritten.
    pub fn create(path: impl AsRef<Path>) -> Result<Key, KeyError> {
        let key = generate()?;
        write(path.as_ref(), &key)?;
        Ok(Key(key))
    }

    /// The public key, by which the ledger knows the agent.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }
}

impl Deref for Key {
    type Target = SigningKey;

    fn deref(&self) -> &SigningKey {
        &self.0
    }
}

impl From<SigningKey> for Key {
    fn from(key: SigningKey) -> Key {
        Key(key)
    }
}

impl From<Key> for SigningKey {
    fn from(key: Key) -> SigningKey {
        key.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", hex::encode(self.public()))
    }
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
        let key = Key::from(key);
        assert_eq!(format!("{key:?}"), format!("Key({})", hex::encode(key.public())), "and nothing of the seed");
    }
}
